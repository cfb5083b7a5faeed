"""From answers to responses: through our own edge, or past it to the CDN that stands in front."""

from __future__ import annotations

from typing import Final

from isrgen.caching.dates import parse_date
from isrgen.caching.fields import PRIVATE, private_fields, shared_fields, without_cache_fields
from isrgen.caching.storing import degraded_lifetime
from isrgen.caching.validation import Representation, cut, etag_of, evaluate, not_modified_headers
from isrgen.edge.exchange import Served
from isrgen.http.answer import Answer, Outcome
from isrgen.server.message import Incoming, Outgoing, error_response, lowered

_LISTS: Final = ("if-match", "if-none-match")
_ASKING: Final = frozenset({*_LISTS, "if-modified-since", "if-range", "if-unmodified-since", "range"})


def from_answer(answer: Answer, *, behind: str | None, path: str, method: str) -> Outgoing:
    """What to send for an answer that went through no cache of ours."""
    headers = lowered(without_cache_fields(answer.headers.pairs()))
    keep = answer.outcome is Outcome.DONE and answer.stream is None and method in ("GET", "HEAD")
    if answer.shared is not None and keep and "set-cookie" not in answer.headers:
        shared, lifetime = answer.shared, answer.shared.lifetime
        if answer.degraded is not None:
            lifetime = degraded_lifetime(lifetime)
        headers += lowered(
            shared_fields(lifetime, behind=behind, vary=shared.vary, tags=shared.tags, path=path)
        )
    else:
        headers += lowered(private_fields())
    if keep and (answer.status == 200 or answer.shared is not None):
        headers = [pair for pair in headers if pair[0] != "etag"]
        headers.append(("etag", etag_of(answer.body)))
    return Outgoing(answer.status, headers, answer.body, answer.stream)


def from_served(served: Served) -> Outgoing:
    """What to send for an answer of the edge."""
    headers = lowered(served.headers)
    if served.age is not None:
        headers.append(("age", str(served.age)))
    if served.etag:
        headers.append(("etag", served.etag))
    headers.append(("cache-status", str(served.cache_status)))
    return Outgoing(served.status, headers, served.body, served.stream)


def conditional(incoming: Incoming, outgoing: Outgoing) -> Outgoing:
    """The part that a visitor asked for: 304, 206, 412 or 416 (RFC 9110 sections 13 and 14).

    A 304 would lose a cookie that is set beside it. Parts are cut only from
    what is kept: of a page rendered for each request the second part would be
    of another one than the first.
    """
    wanted = {name: value for name, value in incoming.headers if name in _ASKING}
    if not wanted or outgoing.status != 200 or incoming.method not in ("GET", "HEAD"):
        return outgoing
    headers = dict(outgoing.headers)
    if "set-cookie" in headers or outgoing.stream is not None or outgoing.file is not None:
        return outgoing
    wanted |= {name: incoming.get(name) or "" for name in _LISTS if name in wanted}
    if headers.get("cache-control") == PRIVATE:
        wanted.pop("range", None)
    what = Representation(
        len(outgoing.body),
        headers.get("etag", ""),
        parse_date(headers.get("last-modified", ""), 0.0),
        headers.get("content-type", "application/octet-stream"),
    )
    verdict = evaluate(incoming.method, wanted.get, what)
    if verdict.status == 200:
        return outgoing
    if verdict.status == 304:
        return Outgoing(304, not_modified_headers(outgoing.headers))
    if verdict.status == 412:
        return error_response(412)
    replaced = {name.lower() for name, _ in verdict.headers} | {"content-length"}
    kept = [pair for pair in outgoing.headers if pair[0] not in replaced]
    return Outgoing(verdict.status, kept + lowered(verdict.headers), cut(verdict, outgoing.body, what))
