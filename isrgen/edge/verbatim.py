"""Responses in the origin's own words: what a cache in front of any origin keeps and sends.

Nothing is said that the origin did not say, but for what RFC 9111 asks a cache
to write: ``Age``, ``Cache-Status``, a ``Date`` where there was none.
"""

from __future__ import annotations

from typing import Final

from isrgen.caching.dates import http_date
from isrgen.caching.status import CacheStatus
from isrgen.caching.stored import HeaderPairs, Stored
from isrgen.edge.exchange import Served
from isrgen.edge.landing import Kept, stored_with
from isrgen.http.answer import Answer, Outcome, Shared

_NOT_STORED: Final = frozenset(
    {
        "age", "content-length", "proxy-authenticate", "proxy-authentication-info", "proxy-authorization",
    }
)  # fmt: skip
"""What is told anew with every message, or between this cache and the origin alone (RFC 9111 section 3.1)."""


class Verbatim:
    """A ``Wording``. ``Stored.etag`` tells bodies apart there; the entity tag sent is the origin's own."""

    # What says no-cache answers one request and no other (RFC 9111 section 5.2.2.4).
    is_shared_at_once = False

    def stored(self, answer: Answer, shared: Shared, kept: Kept) -> Stored:
        headers = tuple(pair for pair in answer.headers.pairs() if pair[0] not in _NOT_STORED)
        if not any(name == "date" for name, _ in headers):
            headers = (*headers, ("date", http_date(kept.begun)))
        return stored_with(headers, answer, shared, kept)

    def served(self, stored: Stored, seconds: int | None, status: CacheStatus) -> Served:
        if seconds is None:
            seconds = stored.initial_age or None
        headers = stored.headers
        if stored.body:
            headers = (*headers, ("content-length", str(len(stored.body))))
        return Served(stored.status, headers, stored.body, None, "", seconds, status)

    def own(self, answer: Answer, status: CacheStatus) -> Served:
        headers: HeaderPairs = answer.headers.pairs()
        if answer.outcome is not Outcome.DONE:
            headers = (*headers, ("cache-control", "no-store"))
        return Served(answer.status, headers, answer.body, answer.stream, "", None, status)
