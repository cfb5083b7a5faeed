"""Purges by number, and what they say of a response whose render began before them."""

from __future__ import annotations

import pytest

from isrgen.caching.invalidation import ALL
from isrgen.edge import purge
from isrgen.edge.purge import Purged, PurgeLog, verdict

TEA = Purged(tag="tea")
GONE = Purged(key="/gone/", hard=True)


def log_of(*purges: Purged) -> PurgeLog:
    log = PurgeLog()
    for one in purges:
        log.add(one)
    return log


def test_only_purges_that_came_later_count() -> None:
    log = log_of(TEA, GONE)
    assert log.epoch == 2
    assert [log.since(epoch) for epoch in (0, 1, 2, 3)] == [[TEA, GONE], [GONE], [], []]


def test_a_purge_that_is_forgotten_may_have_concerned_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    """A render that began so long ago is kept as stale: nobody knows any more what was purged meanwhile."""
    monkeypatch.setattr(purge, "REMEMBERED", 2)
    log = log_of(GONE, TEA, TEA)
    assert log.since(1) == [TEA, TEA]
    assert log.since(0) == [Purged(tag=ALL), TEA, TEA]
    assert verdict(log.since(0), "/other/", ()) == (True, False)


def test_the_hardest_purge_that_concerns_a_response_decides() -> None:
    purges = [TEA, GONE, Purged(tag="tea", hard=True)]
    assert verdict(purges, "/tea/", ("tea",)) == (True, True)
    assert verdict(purges[:2], "/tea/", ("tea",)) == (True, False)
    assert verdict(purges, "/gone/", ()) == (True, True)
    assert verdict(purges, "/other/", ("milk",)) == (False, False)
