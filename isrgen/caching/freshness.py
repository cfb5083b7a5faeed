"""How old a stored response is, and what that allows (RFC 9111 section 4.2, RFC 5861)."""

from __future__ import annotations

from enum import Enum
from typing import Final

from isrgen.caching.stored import NEVER_STALE, Stored

CLOCK_SKEW: Final = 5.0
"""Seconds by which the clocks of two processes may differ."""


class Freshness(Enum):
    """What the age of a stored response allows.

    ``STALE_USABLE``: within the window of stale-while-revalidate, or marked by
    a soft purge. ``STALE_ON_ERROR``: only when no newer one can be had.
    ``STALE_UNREACHABLE``: only when nobody answers at all (section 4.2.4).
    """

    FRESH = "fresh"
    STALE_USABLE = "stale, usable while revalidating"
    STALE_ON_ERROR = "stale, usable on error"
    STALE_UNREACHABLE = "stale, usable when the origin cannot be reached"
    EXPIRED = "expired"


def age(stored: Stored, now: float) -> int:
    """Whole seconds since the render began and the age it had by then, never negative.

    What was invalidated is at least as old as its lifetime is long, so that no
    cache further down takes it for fresh.
    """
    elapsed = max(0, int(now - stored.generated_at)) + stored.initial_age
    return max(elapsed, stored.lifetime.fresh) if stored.invalidated else elapsed


def ttl(stored: Stored, now: float) -> int:
    """Remaining freshness; negative when stale, and never positive after a soft purge."""
    left = stored.lifetime.fresh - age(stored, now)
    return min(left, 0) if is_from_the_future(stored, now) else left


def freshness(stored: Stored, now: float) -> Freshness:
    """The state of a stored response.

    A response whose age equals its lifetime is already stale: RFC 9111 section
    4.2 asks for ``freshness_lifetime > current_age``. One from the future tells
    that the clock was set back; nobody knows its age, so it counts as
    invalidated rather than fresh until the clock has caught up. Nor does a clock
    that lags a little make anything younger than it was when it came.
    """
    elapsed = max(0.0, now - stored.generated_at) + stored.initial_age
    stale_for = elapsed - stored.lifetime.fresh
    if stale_for < 0:
        unsure = stored.invalidated or is_from_the_future(stored, now)
        return _before_its_time(stored) if unsure else Freshness.FRESH
    if stale_for < stored.lifetime.stale_while_revalidate:
        return Freshness.STALE_USABLE
    if stale_for < stored.lifetime.stale_if_error:
        return Freshness.STALE_ON_ERROR
    return Freshness.STALE_UNREACHABLE if stale_for < stored.if_disconnected else Freshness.EXPIRED


def _before_its_time(stored: Stored) -> Freshness:
    """What is stale though its lifetime is not over: sent once more, unless that is forbidden."""
    if stored.if_disconnected != NEVER_STALE:
        return Freshness.STALE_USABLE
    return Freshness.STALE_ON_ERROR if stored.lifetime.stale_if_error else Freshness.EXPIRED


def is_from_the_future(stored: Stored, now: float) -> bool:
    """Whether it was put in before the clock was set back."""
    return stored.generated_at - now > CLOCK_SKEW


def lies_ahead(until: float, now: float, most: float) -> bool:
    """Whether a wait of at most ``most`` seconds is not over.

    One that seems longer began before the clock was set back.

    >>> lies_ahead(1030.0, 1000.0, 30.0), lies_ahead(1030.0, 1030.0, 30.0), lies_ahead(90_000.0, 1000.0, 30.0)
    (True, False, False)
    """
    return now < until <= now + most + CLOCK_SKEW
