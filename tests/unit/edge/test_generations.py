"""Counters shared by processes."""

from __future__ import annotations

from pathlib import Path

import pytest

from isrgen.edge.generations import Generations, is_settled


def test_a_write_is_seen_by_others_from_its_beginning(tmp_path: Path) -> None:
    one, two = Generations(tmp_path / "g"), Generations(tmp_path / "g")
    before = two.mark("/a")
    with one.writing("/a"):
        assert not is_settled(two.mark("/a"))
        assert is_settled(two.mark("/b"))
    assert is_settled(two.mark("/a"))
    assert two.mark("/a") != before
    one.close()
    two.close()


def test_a_purge_concerns_every_key(tmp_path: Path) -> None:
    counters = Generations(tmp_path / "g")
    before = counters.mark("/a")
    with counters.writing(None):
        assert not is_settled(counters.mark("/a"))
    assert counters.mark("/a") != before
    counters.close()


def test_a_write_that_fails_ends_like_one_that_did_not(tmp_path: Path) -> None:
    counters = Generations(tmp_path / "g")
    with pytest.raises(ValueError, match="full"), counters.writing("/a"):
        raise ValueError("full")
    assert is_settled(counters.mark("/a"))
    counters.close()


def test_what_a_killed_writer_left_odd_is_mended_by_who_opens_next(tmp_path: Path) -> None:
    killed = Generations(tmp_path / "g")
    killed._step([1, 2, 3], odd=True)
    killed.close()
    counters = Generations(tmp_path / "g")
    assert all(value % 2 == 0 for value in counters._counters)
    counters.close()
