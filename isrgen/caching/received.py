"""What a shared cache may do with a response that an origin sent: the letter of RFC 9111 section 3.

``received`` reads the head of a response once and says for how long it may be
kept, for whom, and how old it was when it came. Whatever is not explicit is
not kept: there is no heuristic freshness (section 4.2.2), for a page that says
nothing of caching may be anybody's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from isrgen.caching.dates import parse_date
from isrgen.caching.directives import ResponseDirectives, delta_seconds
from isrgen.caching.invalidation import tags_of
from isrgen.caching.policy import MAX_LIFETIME, Lifetime
from isrgen.caching.stored import NEVER_STALE
from isrgen.caching.targeted import directives_of, has_targeted

LONGEST_DISCONNECTED: Final = 86400
"""Seconds past its lifetime that a response may be sent when the origin cannot be reached (section 4.2.4)."""

UNDERSTOOD: Final = frozenset(
    {
        200, 203, 204, 300, 301, 302, 303, 307, 308, 402, 403, 404, 405, 406, 409, 410, 411, 414, 415,
        421, 422, 426,
    }
)  # fmt: skip
"""Statuses whose caching this cache knows: what ``must-understand`` asks (section 5.2.2.3)."""

_NEVER: Final = frozenset({206, 304, 400, 401, 407, 408, 412, 413, 416, 417, 425, 428, 429, 431})
"""Parts, confirmations, and refusals of one visitor's request that would be sent to all: never kept,
whatever their head says; nor is 5xx, for what it tells of is over in a moment."""

_UNMATCHED: Final = frozenset({"*", "forwarded", "x-forwarded-for"})
"""In ``Vary``, what no request matches: all of it; and who the visitor is, which the proxy itself tells the
origin, and no field of the request that selects."""

Fields = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Received:
    """The leave to keep a response, with the facts that ``Stored`` has of it.

    A ``lifetime`` of nothing at all: it must be validated each time.
    """

    lifetime: Lifetime
    vary: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    initial_age: int = 0
    if_disconnected: int = 0
    for_authorized: bool = False


def received(
    status: int, headers: Fields, *, asked_at: float, now: float, authorized: bool
) -> Received | str:
    """The leave to keep a response, or the reason in one token why there is none.

    Names are lower case. ``asked_at`` is when the request was sent, ``now`` when
    the head came; ``authorized`` whether the request had ``Authorization``.
    """
    said = directives_of(headers) or ResponseDirectives()
    refused = _refusal(status, headers, said, authorized)
    if refused:
        return refused
    vary = vary_of(headers)
    if vary is None:
        return "vary"
    lifetime = _lifetime(headers, said, now)
    if lifetime is None or (lifetime == Lifetime(0) and not has_validator(headers)):
        return "no-lifetime"
    return Received(
        lifetime,
        vary,
        _tags(headers),
        initial_age(headers, asked_at, now),
        _if_disconnected(said, lifetime),
        said.public or said.must_revalidate or said.s_maxage is not None,
    )


def initial_age(headers: Fields, asked_at: float, now: float) -> int:
    """Seconds a response was old when its request was sent (section 4.2.3).

    Of ``Age`` the first member counts, and what is no number does not (section
    5.1). The time that the request took is not in it: a stored response's age
    counts from ``asked_at``.

    >>> initial_age([("age", "30, 7"), ("age", "9")], 0.0, 0.0), initial_age([("age", "old")], 0.0, 0.0)
    (30, 0)
    """
    said = next((value for name, value in headers if name == "age"), "").partition(",")[0].strip(" \t")
    age = delta_seconds(said) or 0
    date = date_of(headers, now)
    apparent = 0 if date is None else max(0, int(now) - date)
    delay = max(0, int(now - asked_at))
    return max(age, apparent - delay, 0)


def date_of(headers: Fields, now: float) -> int | None:
    """When the origin says that it made the response."""
    return parse_date(next((value for name, value in headers if name == "date"), ""), now)


def vary_of(headers: Fields) -> tuple[str, ...] | None:
    """The fields that select the response, sorted; None when no request could ever match (section 4.1).

    >>> vary_of([("vary", "Foo,, bar"), ("vary", "")]), vary_of([("vary", "foo"), ("vary", ", *")])
    (('bar', 'foo'), None)
    """
    names = {
        part.strip(" \t").lower() for name, value in headers if name == "vary" for part in value.split(",")
    }
    return None if names & _UNMATCHED else tuple(sorted(names - {""}))


def has_validator(headers: Fields) -> bool:
    """Whether the origin could be asked if the response still holds."""
    return any(name in ("etag", "last-modified") and value for name, value in headers)


def _refusal(status: int, headers: Fields, said: ResponseDirectives, authorized: bool) -> str:
    if status in _NEVER or not 200 <= status < 500:
        return "status"
    if said.must_understand and status not in UNDERSTOOD:
        return "status"
    if said.doubtful:
        return "doubtful"
    if said.no_store and not said.must_understand:
        return "no-store"
    if said.private:
        return "private"
    if any(name == "set-cookie" for name, _ in headers):
        return "set-cookie"
    leave = said.public or said.must_revalidate or said.s_maxage is not None
    return "authorization" if authorized and not leave else ""


def _lifetime(headers: Fields, said: ResponseDirectives, now: float) -> Lifetime | None:
    """How long it is fresh, and what of it may be sent when it is not; None when it does not say.

    Section 4.2.1: ``s-maxage``, else ``max-age``, else ``Expires``; the last not
    beside a targeted field (RFC 9213 section 2.2).
    """
    if said.no_cache:
        return Lifetime(0)
    fresh = said.s_maxage if said.s_maxage is not None else said.max_age
    if fresh is None and not has_targeted(headers):
        fresh = _until_expired(headers, now)
    if fresh is None:
        return None
    if said.must_revalidate or said.proxy_revalidate:
        return Lifetime(fresh)
    return Lifetime(fresh, said.stale_while_revalidate or 0, said.stale_if_error or 0)


def _until_expired(headers: Fields, now: float) -> int | None:
    """What ``Expires`` says, against the origin's own clock; one that is no date, or two, have expired."""
    lines = [value for name, value in headers if name == "expires"]
    if not lines:
        return None
    expires = parse_date(lines[0], now) if len(set(lines)) == 1 else None
    if expires is None:
        return 0
    date = date_of(headers, now)
    return min(max(0, expires - (int(now) if date is None else date)), MAX_LIFETIME)


def _if_disconnected(said: ResponseDirectives, lifetime: Lifetime) -> int:
    """Section 4.2.4: what may not be sent stale even when the origin is gone, or after a purge.

    ``s-maxage`` forbids it too, but for the window that is written beside it.
    """
    if said.must_revalidate or said.proxy_revalidate or said.no_cache or said.s_maxage is not None:
        return 0 if lifetime.stale_while_revalidate else NEVER_STALE
    return LONGEST_DISCONNECTED if lifetime.fresh else 0


def _tags(headers: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The labels that the origin gave the response in ``Cache-Tag``, as many as a page may have."""
    said = [part for name, value in headers if name == "cache-tag" for part in value.split(",")]
    return tags_of((), {}, said)
