"""Which statuses are kept, and for how long."""

from __future__ import annotations

import pytest

from isrgen.caching.policy import Lifetime
from isrgen.caching.storing import asked_lifetime, bounded, degraded_lifetime

ROUTE = Lifetime(3600, 86400)
OWN = [("Cache-Control", "public, s-maxage=5")]
PRIVATE = [("Cache-Control", "private")]


@pytest.mark.parametrize(
    ("status", "headers", "route", "expected"),
    [
        (200, [], ROUTE, ROUTE),
        (301, [], ROUTE, ROUTE),
        (308, [], ROUTE, ROUTE),
        (410, [], ROUTE, ROUTE),
        (200, [], None, None),
        (200, OWN, ROUTE, Lifetime(5)),
        (200, OWN, None, Lifetime(5)),
        (200, PRIVATE, ROUTE, None),
        (200, [("Cache-Control", "public")], ROUTE, None),
        (200, [("CDN-Cache-Control", "max-age=7"), *PRIVATE], ROUTE, None),
        (200, [("CDN-Cache-Control", "max-age=7"), ("Cache-Control", "no-store, max-age=9")], ROUTE, None),
        (200, [("CDN-Cache-Control", "max-age=7"), ("Cache-Control", "no-cache")], ROUTE, Lifetime(7)),
        (200, [("CDN-Cache-Control", "max-age=7"), *OWN], ROUTE, Lifetime(7)),
        (302, [("CDN-Cache-Control", "max-age=7"), *PRIVATE], None, None),
        (404, [("CDN-Cache-Control", "max-age=7"), *PRIVATE], ROUTE, None),
        (404, [], ROUTE, Lifetime(60)),
        (404, [], None, None),
        (404, OWN, None, None),
        (404, OWN, ROUTE, Lifetime(60)),
        (404, PRIVATE, ROUTE, None),
        (302, [], ROUTE, None),
        (302, OWN, ROUTE, Lifetime(5)),
        (403, [], ROUTE, None),
        (500, OWN, ROUTE, None),
        (503, OWN, None, None),
        (206, OWN, ROUTE, None),
        (304, OWN, ROUTE, None),
        (405, OWN, ROUTE, None),
    ],
)
def test_a_status_takes_its_lifetime_from_where_the_table_says(
    status: int, headers: list[tuple[str, str]], route: Lifetime | None, expected: Lifetime | None
) -> None:
    assert asked_lifetime(status, headers, route, 60) == expected


def test_a_404_is_not_kept_where_its_lifetime_is_nothing() -> None:
    assert asked_lifetime(404, [], ROUTE, 0) is None


def test_fallback_data_is_kept_for_seconds_and_never_stale() -> None:
    assert degraded_lifetime(ROUTE) == Lifetime(5)
    assert degraded_lifetime(Lifetime(2, 9, 9)) == Lifetime(2)


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        (None, ROUTE),
        (1000.0 + 90000, ROUTE),
        (1000.0 + 4000, Lifetime(3600, 400)),
        (1000.0 + 60, Lifetime(60)),
        (900.0, Lifetime(0)),
    ],
)
def test_nothing_is_sent_past_the_moment_when_the_page_changes_by_itself(
    until: float | None, expected: Lifetime
) -> None:
    assert bounded(ROUTE, 1000.0, until) == expected
