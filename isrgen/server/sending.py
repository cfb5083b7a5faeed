"""From answers to responses: through our own edge, or past it to the CDN that stands in front."""

from __future__ import annotations

from isrgen.caching.fields import private_fields, shared_fields, without_cache_fields
from isrgen.caching.storing import degraded_lifetime
from isrgen.caching.validation import etag_of, matches_none, not_modified_headers
from isrgen.edge.exchange import Served
from isrgen.http.answer import Answer, Outcome
from isrgen.server.message import Incoming, Outgoing, lowered


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
    """A 304 for a visitor who has these very bytes; it would lose a cookie that is set beside them."""
    wanted = incoming.get("if-none-match")
    if wanted is None or outgoing.status != 200 or incoming.method not in ("GET", "HEAD"):
        return outgoing
    headers = dict(outgoing.headers)
    if "set-cookie" in headers:
        return outgoing
    etag = headers.get("etag", "")
    if not etag or not matches_none(wanted, etag):
        return outgoing
    return Outgoing(304, not_modified_headers(outgoing.headers))
