"""What a render's outcome does to what is stored."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from isrgen.caching.policy import Lifetime
from isrgen.caching.settle import TABLE, Effect, Rank, Result, backoff, may_replace, purged, settle
from isrgen.caching.stored import Stored

OLD = Stored(200, (), b"", "", Lifetime(60), 1000.0)


def test_the_table_is_total() -> None:
    assert set(TABLE) == set(itertools.product(Result, [True, False]))


@pytest.mark.parametrize("result", [Result.FAILED, Result.DEGRADED])
def test_a_failure_or_a_fallback_keeps_the_last_good_page(result: Result) -> None:
    assert settle(result, True) is Effect.KEEP


def test_a_fallback_is_kept_briefly_where_there_is_nothing_better() -> None:
    assert settle(Result.DEGRADED, False) is Effect.REPLACE_BRIEFLY


def test_a_page_that_is_private_now_is_removed() -> None:
    assert settle(Result.PRIVATE, True) is Effect.REMOVE


def test_backing_off_grows_and_is_bounded() -> None:
    waits = [backoff(failures) for failures in range(1, 10_000)]
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (1.0, 60.0)


@pytest.mark.parametrize(
    ("new", "rank", "allowed"),
    [
        (replace(OLD, generated_at=1001.0), Rank(), True),
        (replace(OLD, generated_at=1000.0), Rank(), True),
        (replace(OLD, generated_at=999.0), Rank(), False),
        (replace(OLD, generated_at=999.0), Rank(new=2, old=1), True),
        (replace(OLD, generated_at=1001.0), Rank(new=1, old=2), False),
        (replace(OLD, generated_at=1001.0, invalidated=True), Rank(), False),
        (replace(OLD, generated_at=1001.0, invalidated=True), Rank(new=2, old=1), False),
    ],
)
def test_older_never_replaces_newer(new: Stored, rank: Rank, allowed: bool) -> None:
    assert may_replace(new, OLD, rank) is allowed


def test_variants_for_different_requests_do_not_concern_each_other() -> None:
    german = replace(OLD, selecting=(("accept-language", "de"),))
    english = replace(OLD, selecting=(("accept-language", "en"),), generated_at=1.0)
    assert may_replace(english, german)


def test_a_purge_marks_or_removes() -> None:
    assert purged(OLD, hard=True) is None
    assert purged(OLD, hard=False) == replace(OLD, invalidated=True)
    assert purged(replace(OLD, status=404), hard=False) is None
