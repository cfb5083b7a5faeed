"""Validators and ranges: when 304, 206 or 416 says more than the whole body (RFC 9110 sections 13 and 14).

``evaluate`` serves stored responses and files alike: it is told what the
representation is and answers with a status and the parts to send.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from isrgen.caching.dates import http_date, parse_date

__all__ = [
    "MAX_RANGES",
    "NOT_MODIFIED_FIELDS",
    "Representation",
    "Span",
    "Verdict",
    "cut",
    "etag_of",
    "evaluate",
    "http_date",
    "matches_none",
    "not_modified",
    "not_modified_headers",
    "part_heads",
    "spans_of",
]

_ETAG: Final = re.compile(r'(W/)?("[\x21\x23-\x7e\x80-\xff]*+")')
_RANGE: Final = re.compile(r"[ \t]*+(?:([0-9]{1,18})-([0-9]{1,18})?|-([0-9]{1,18}))[ \t]*+")

MAX_RANGES: Final = 16
"""A request for more is answered with the whole body (RFC 9110 section 14.2 allows it)."""

NOT_MODIFIED_FIELDS: Final = frozenset(
    {
        "age", "cache-control", "cache-status", "cdn-cache-control", "cloudflare-cdn-cache-control",
        "content-location", "date", "etag", "expires", "last-modified", "surrogate-control", "vary",
        "vercel-cdn-cache-control",
    }
)  # fmt: skip
"""What a 304 carries of the headers of the 200 (RFC 9110 section 15.4.5)."""

Span = tuple[int, int]
"""First byte, and the one after the last."""


@dataclass(frozen=True, slots=True)
class Representation:
    """What could be sent: ``last_modified`` is Unix time, None where nobody knows."""

    size: int
    etag: str = ""
    last_modified: float | None = None
    content_type: str = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Verdict:
    """``status`` 200 sends the whole body, 206 its ``spans``, 304, 412 and 416 none.

    ``headers`` go on top of the representation's own, replacing those of the
    same name. ``boundary`` separates the parts of a 206 with several spans.
    """

    status: int
    spans: tuple[Span, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    boundary: str = ""


def etag_of(body: bytes) -> str:
    """The strong entity tag of a body: the same bytes always have the same one.

    >>> etag_of(b"")
    '"47DEQpj8HBSa-_TImW-5JC"'
    """
    return f'"{urlsafe_b64encode(sha256(body).digest()).decode()[:22]}"'


def matches_none(field: str, etag: str) -> bool:
    """Whether If-None-Match holds ``etag``, by weak comparison (RFC 9110 section 8.8.3.2).

    >>> matches_none('"a", W/"b"', '"b"'), matches_none("*", '"b"'), matches_none('"a"', '"b"')
    (True, True, False)
    """
    if field.strip() == "*":
        return True
    wanted = etag.removeprefix("W/")
    return bool(wanted) and any(found[2] == wanted for found in _ETAG.finditer(field))


def not_modified(get: Callable[[str], str | None], what: Representation) -> bool:
    """Whether the client's copy is good; If-None-Match makes If-Modified-Since count for nothing."""
    tags = get("if-none-match")
    if tags is not None:
        return matches_none(tags, what.etag)
    since = _date(get("if-modified-since"), what)
    return since is not None and what.last_modified is not None and int(what.last_modified) <= since


def evaluate(method: str, get: Callable[[str], str | None], what: Representation) -> Verdict:
    """How to answer a conditional or range request for a representation that would be a 200.

    ``get`` gives a request field by its lower-case name; a cache leaves out
    those that only an origin has to judge. The order of the conditions is that
    of RFC 9110 section 13.2.2.
    """
    if _is_another(get, what):
        return Verdict(412)
    if not_modified(get, what):
        return Verdict(304)
    wanted = get("range")
    if wanted is None or method != "GET" or not _range_applies(get("if-range"), what):
        return Verdict(200)
    spans = spans_of(wanted, what.size)
    if spans is None:
        return Verdict(200)
    if not spans:
        return Verdict(416, headers=(("Content-Range", f"bytes */{what.size}"), ("Content-Length", "0")))
    if len(spans) == 1:
        start, end = spans[0]
        return Verdict(206, spans, (("Content-Range", f"bytes {start}-{end - 1}/{what.size}"),))
    boundary = f"isrgen-{sha256(f'{what.etag}{spans}'.encode()).hexdigest()[:24]}"
    return Verdict(206, spans, (("Content-Type", f"multipart/byteranges; boundary={boundary}"),), boundary)


def spans_of(field: str, size: int) -> tuple[Span, ...] | None:
    """The parts a Range field asks for: None means send everything, () that none can be had.

    A field that cannot be read, or asks for so many or so overlapping parts
    that the whole is less, is ignored (RFC 9110 sections 14.1.1 and 14.2).

    >>> spans_of("bytes=0-4, -2", 10), spans_of("bytes=10-", 10), spans_of("lines=1-", 10)
    (((0, 5), (8, 10)), (), None)
    """
    unit, equals, text = field.partition("=")
    parts = text.split(",")
    if unit.strip().lower() != "bytes" or not equals or len(parts) > MAX_RANGES:
        return None
    spans: list[Span] = []
    for part in parts:
        found = _RANGE.fullmatch(part)
        if found is None or (found[2] is not None and int(found[2]) < int(found[1])):
            return None
        if found[3] is not None:
            span = (max(0, size - int(found[3])), size)
        else:
            span = (int(found[1]), min(size, int(found[2]) + 1) if found[2] else size)
        if span[0] < span[1]:
            spans.append(span)
    if len(spans) > 1 and sum(end - start for start, end in spans) >= size:
        return None
    return tuple(spans)


def part_heads(verdict: Verdict, what: Representation) -> tuple[list[bytes], bytes]:
    """What goes before each part of a multipart 206, and what ends it (RFC 9110 section 14.6)."""
    heads = [
        (
            ("\r\n" if index else "") + f"--{verdict.boundary}\r\n"
            f"Content-Type: {what.content_type}\r\n"
            f"Content-Range: bytes {start}-{end - 1}/{what.size}\r\n\r\n"
        ).encode("latin-1")
        for index, (start, end) in enumerate(verdict.spans)
    ]
    return heads, f"\r\n--{verdict.boundary}--\r\n".encode("latin-1")


def cut(verdict: Verdict, body: bytes, what: Representation) -> bytes:
    """The body of a response with this verdict, from the whole body."""
    if verdict.status == 200:
        return body
    if verdict.status != 206:
        return b""
    if not verdict.boundary:
        start, end = verdict.spans[0]
        return body[start:end]
    heads, end_mark = part_heads(verdict, what)
    parts = [head + body[start:end] for head, (start, end) in zip(heads, verdict.spans, strict=True)]
    return b"".join(parts) + end_mark


def not_modified_headers(pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Those of a response's headers that its 304 carries."""
    return [(name, value) for name, value in pairs if name.lower() in NOT_MODIFIED_FIELDS]


def _is_another(get: Callable[[str], str | None], what: Representation) -> bool:
    """Whether the client asks for something else: If-Match, or without one If-Unmodified-Since."""
    tags = get("if-match")
    if tags is None:
        since = _date(get("if-unmodified-since"), what)
        return since is not None and what.last_modified is not None and int(what.last_modified) > since
    named = (found[2] for found in _ETAG.finditer(tags) if found[1] is None)
    return tags.strip() != "*" and what.etag not in named


def _range_applies(field: str | None, what: Representation) -> bool:
    """If-Range asks for strong comparison, or the exact date (RFC 9110 section 13.1.5)."""
    if field is None:
        return True
    text = field.strip()
    if text.startswith(('"', "W/")):
        return bool(what.etag) and text == what.etag and not text.startswith("W/")
    date = _date(text, what)
    return date is not None and what.last_modified is not None and int(what.last_modified) == date


def _date(field: str | None, what: Representation) -> int | None:
    """A date of the visitor's; its century, where it tells none, is that of the representation."""
    return None if field is None else parse_date(field.strip(), what.last_modified or 0.0)
