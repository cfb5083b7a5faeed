"""The part of a whole response that a visitor asked for: 304, 206 or 416 (RFC 9110 sections 13 and 14)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from isrgen.caching.dates import parse_date
from isrgen.caching.stored import HeaderPairs
from isrgen.caching.validation import Representation, cut, evaluate
from isrgen.edge.exchange import Served

_OF_THE_BODY: Final = frozenset(
    {
        "content-digest", "content-encoding", "content-language", "content-length", "content-md5",
        "content-range", "content-type", "digest", "repr-digest",
    }
)  # fmt: skip
"""What a 304 leaves out (RFC 9110 section 15.4.5); all else may be news to who has the body already."""

_OF_ANOTHER_PART: Final = frozenset({"content-length", "content-md5", "content-range", "content-digest"})

_ASKING: Final = frozenset({"if-none-match", "if-modified-since", "range"})


def portion(method: str, asked: HeaderPairs, served: Served) -> Served:
    """What is sent of a response to a request with these fields."""
    if served.status != 200 or served.stream is not None:
        return served
    wanted = {name: value for name, value in asked if name in _ASKING or name == "if-range"}
    if wanted.keys().isdisjoint(_ASKING):
        return served
    lines = [value for name, value in asked if name == "if-none-match"]
    if lines:
        wanted["if-none-match"] = ", ".join(lines)
    fields = dict(reversed(served.headers))
    if fields.get("accept-ranges") == "none" or not _has_strong_date(fields, wanted.get("if-range", "")):
        wanted.pop("range", None)
    what = _representation(served, fields)
    verdict = evaluate(method, wanted.get, what)
    if verdict.status == 200:
        return served
    if verdict.status == 304:
        kept = tuple(pair for pair in served.headers if pair[0] not in _OF_THE_BODY)
        return replace(served, status=304, headers=kept, body=b"")
    own = {name.lower() for name, _ in verdict.headers} | _OF_ANOTHER_PART
    body = cut(verdict, served.body, what)
    headers = (
        *(pair for pair in served.headers if pair[0] not in own),
        *((name.lower(), value) for name, value in verdict.headers if name.lower() != "content-length"),
        ("content-length", str(len(body))),
    )
    return replace(served, status=verdict.status, headers=headers, body=body)


def _has_strong_date(fields: Mapping[str, str], condition: str) -> bool:
    """Whether ``Last-Modified`` tells versions apart, where If-Range asks by date (RFC 9110 section 8.8.2.2).

    What was made within the second of its last change may have changed again in it.
    """
    if '"' in condition or not condition:
        return True
    modified, made = (parse_date(fields.get(name, ""), 0.0) for name in ("last-modified", "date"))
    return modified is not None and made is not None and modified < made


def _representation(served: Served, fields: Mapping[str, str]) -> Representation:
    """Of what says nothing of its last change, the date it was made counts (RFC 9111 section 4.3.2)."""
    date = fields.get("date", "")
    now = float(parse_date(date, 0.0) or 0)
    modified = parse_date(fields.get("last-modified", ""), now)
    return Representation(
        len(served.body),
        served.etag or fields.get("etag", ""),
        now or None if modified is None else modified,
        fields.get("content-type", "application/octet-stream"),
    )
