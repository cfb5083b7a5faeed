"""Which responses are kept, and for how long."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Final

from isrgen.caching.directives import lifetime_of, parse
from isrgen.caching.policy import Lifetime
from isrgen.caching.targeted import directives_of

DEGRADED_SECONDS: Final = 5
"""How long a page made of fallback data is kept when there is no better one."""


class Source(Enum):
    """Where a status takes its lifetime from."""

    ROUTE = "the route's, unless the response has its own"
    NOT_FOUND = "not_found_ttl, on a route that has a lifetime"
    OWN = "only the response's own headers"
    NEVER = "never kept"


STATUSES: Final[dict[int, Source]] = {
    200: Source.ROUTE,
    301: Source.ROUTE,
    308: Source.ROUTE,
    410: Source.ROUTE,
    404: Source.NOT_FOUND,
    # Answers to one request only: a part, a confirmation, a refusal of a method.
    206: Source.NEVER,
    304: Source.NEVER,
    405: Source.NEVER,
    416: Source.NEVER,
}


def source_of(status: int) -> Source:
    """The rule for a status.

    >>> source_of(302), source_of(503)
    (<Source.OWN: "only the response's own headers">, <Source.NEVER: 'never kept'>)
    """
    if not 200 <= status < 500:
        return Source.NEVER
    return STATUSES.get(status, Source.OWN)


def asked_lifetime(
    status: int,
    headers: Iterable[tuple[str, str]],
    route: Lifetime | None,
    not_found_ttl: int,
) -> Lifetime | None:
    """The lifetime a response asks for: its own headers replace the route's.

    A response that says anything of caching and no lifetime does not ask. A
    targeted field outdoes Cache-Control (RFC 9213 section 2.2), but not where
    that is ``private`` or ``no-store``: between a loader that set the one and
    the middleware that set the other, whoever wants privacy has the last word.
    """
    fields = tuple(headers)
    said = directives_of(fields)
    own = None if _is_refused(fields) else lifetime_of(said)
    match source_of(status):
        case Source.NEVER:
            return None
        case Source.OWN:
            return own
        case Source.ROUTE:
            return own if said is not None else route
        case Source.NOT_FOUND:
            refused = said is not None and own is None
            keep = route is not None and not refused and not_found_ttl > 0
            return Lifetime(not_found_ttl) if keep else None


def _is_refused(headers: Iterable[tuple[str, str]]) -> bool:
    plain = parse(", ".join(value for name, value in headers if name.lower() == "cache-control"))
    return plain.private or plain.no_store


def degraded_lifetime(lifetime: Lifetime) -> Lifetime:
    """A few seconds, and nothing stale: fallback data must not outlive its cause."""
    return Lifetime(min(lifetime.fresh, DEGRADED_SECONDS))


def bounded(lifetime: Lifetime, now: float, until: float | None) -> Lifetime:
    """A lifetime cut so that nothing is sent past ``until``, when the page's content changes by itself.

    >>> bounded(Lifetime(3600, 86400), 1000.0, 1060.0)
    Lifetime(fresh=60, stale_while_revalidate=0, stale_if_error=0)
    """
    if until is None:
        return lifetime
    left = max(0, int(until - now))
    if left >= lifetime.fresh + max(lifetime.stale_while_revalidate, lifetime.stale_if_error):
        return lifetime
    fresh = min(lifetime.fresh, left)
    return Lifetime(
        fresh,
        min(lifetime.stale_while_revalidate, left - fresh),
        min(lifetime.stale_if_error, left - fresh),
    )
