"""How old a stored response is, and what that allows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from isrgen.caching.freshness import Freshness, age, freshness, ttl
from isrgen.caching.policy import Lifetime
from isrgen.caching.stored import NEVER_STALE, Stored

PAGE = Stored(200, (), b"", "", Lifetime(60, 30, 100), 1000.0)


@pytest.mark.parametrize(
    ("now", "state", "seconds", "left"),
    [
        (1000.0, Freshness.FRESH, 0, 60),
        (1059.9, Freshness.FRESH, 59, 1),
        (1060.0, Freshness.STALE_USABLE, 60, 0),
        (1089.9, Freshness.STALE_USABLE, 89, -29),
        (1090.0, Freshness.STALE_ON_ERROR, 90, -30),
        (1159.9, Freshness.STALE_ON_ERROR, 159, -99),
        (1160.0, Freshness.EXPIRED, 160, -100),
        (995.0, Freshness.FRESH, 0, 60),
        (994.9, Freshness.STALE_USABLE, 0, 0),
    ],
)
def test_age_decides(now: float, state: Freshness, seconds: int, left: int) -> None:
    """RFC 9111 section 4.2, RFC 5861 sections 3 and 4."""
    assert (freshness(PAGE, now), age(PAGE, now), ttl(PAGE, now)) == (state, seconds, left)


def test_a_soft_purge_makes_stale_and_lengthens_nothing() -> None:
    purged = replace(PAGE, invalidated=True)
    assert freshness(purged, 1001.0) is Freshness.STALE_USABLE
    assert ttl(purged, 1001.0) == 0
    assert freshness(purged, 1089.0) is Freshness.STALE_USABLE
    assert freshness(purged, 1200.0) is Freshness.EXPIRED


def test_what_may_never_be_sent_stale_is_not_after_a_soft_purge_or_when_the_clock_was_set_back() -> None:
    """RFC 9111 section 4.2.4."""
    strict = replace(PAGE, lifetime=Lifetime(60), if_disconnected=NEVER_STALE)
    assert freshness(strict, 1001.0) is Freshness.FRESH
    assert freshness(strict, 1060.0) is Freshness.EXPIRED
    assert freshness(strict, 500.0) is Freshness.EXPIRED
    assert freshness(replace(strict, invalidated=True), 1001.0) is Freshness.EXPIRED
    on_error = replace(strict, lifetime=Lifetime(60, 0, 30), invalidated=True)
    assert freshness(on_error, 1001.0) is Freshness.STALE_ON_ERROR


def test_a_clock_that_was_set_back_does_not_make_a_page_fresh_until_it_has_caught_up() -> None:
    assert freshness(PAGE, 500.0) is Freshness.STALE_USABLE
    assert (age(PAGE, 500.0), ttl(PAGE, 500.0)) == (0, 0)


@pytest.mark.parametrize("now", [996.0, 1000.0, 1000.9, 500.0])
def test_what_must_be_asked_about_each_time_is_never_fresh_by_a_clock_that_lags(now: float) -> None:
    """Two processes share a store, and the clock of one is some seconds behind."""
    at_once = replace(PAGE, lifetime=Lifetime(0))
    assert freshness(at_once, now) is Freshness.EXPIRED
    arrived_old = replace(PAGE, lifetime=Lifetime(7), initial_age=7)
    assert freshness(arrived_old, now) is Freshness.EXPIRED


def test_what_a_purge_made_stale_is_never_fresh_further_down() -> None:
    """RFC 9111 section 4.2: a cache that reads Age and the lifetime must find the response stale."""
    purged = replace(PAGE, invalidated=True)
    assert (age(purged, 1001.0), age(purged, 1090.0)) == (60, 90)
