"""Counters shared by processes."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def _no_file_longer_than(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_the_file_has_all_its_room_from_the_start(tmp_path: Path) -> None:
    """On a disk that filled up meanwhile it can still be noted that a purge failed."""
    Generations(tmp_path / "g").close()
    facts = (tmp_path / "g").stat()
    assert facts.st_blocks * 512 >= facts.st_size > 0


def test_a_file_with_holes_is_filled_when_it_is_opened(tmp_path: Path) -> None:
    Generations(tmp_path / "g").close()
    size = (tmp_path / "g").stat().st_size
    with (tmp_path / "g").open("wb") as file:
        file.truncate(size)
    Generations(tmp_path / "g").close()
    assert (tmp_path / "g").stat().st_blocks * 512 >= size


def test_a_disk_without_room_for_it_is_an_error_and_leaks_nothing(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    with _no_file_longer_than(4096), pytest.raises(OSError, match="No space"):
        Generations(tmp_path / "g")
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_file_that_was_cut_short_or_replaced_is_not_the_one_in_use(tmp_path: Path) -> None:
    cut, replaced = Generations(tmp_path / "cut"), Generations(tmp_path / "replaced")
    assert cut.is_current()
    os.truncate(tmp_path / "cut", 100)
    assert not cut.is_current()
    (tmp_path / "replaced").unlink()
    assert not replaced.is_current()
    other = Generations(tmp_path / "replaced")
    assert other.is_current()
    assert not replaced.is_current()
    assert other.mark("/a") != replaced.mark("/a")
    for counters in (cut, replaced, other):
        counters.close()


def test_nothing_is_written_into_a_file_that_was_cut_short(tmp_path: Path) -> None:
    counters = Generations(tmp_path / "g")
    os.truncate(tmp_path / "g", 100)
    with pytest.raises(OSError, match="cut short"), counters.writing("/a"):
        pass
    counters.close()


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
    for key in ("/a", "/b"):
        killed._step(key, odd=True)
    assert not is_settled(killed.mark("/a"))
    killed.close()
    counters = Generations(tmp_path / "g")
    assert is_settled(counters.mark("/a"))
    assert is_settled(counters.mark("/b"))
    counters.close()


def test_a_purge_after_a_killed_writer_leaves_every_counter_even_and_another(tmp_path: Path) -> None:
    counters = Generations(tmp_path / "g")
    before = {key: counters.mark(key) for key in ("/a", "/b")}
    counters._step("/a", odd=True)
    with counters.writing(None):
        assert not is_settled(counters.mark("/a"))
        assert not is_settled(counters.mark("/b"))
    for key, mark in before.items():
        assert is_settled(counters.mark(key))
        assert not counters.holds(mark)
    counters.close()


def test_looking_at_a_file_that_was_cut_short_kills_nobody(tmp_path: Path) -> None:
    counters = Generations(tmp_path / "g")
    mark = counters.mark("/a")
    assert counters.holds(mark)
    os.truncate(tmp_path / "g", 0)
    assert not counters.holds(mark)
    assert not is_settled(counters.mark("/a"))
    assert not counters.holds(counters.mark("/a"))
    assert counters.doubt == 0
    counters.close()


def test_a_doubt_is_seen_by_all_outlives_who_noted_it_and_is_not_made_smaller(tmp_path: Path) -> None:
    one = Generations(tmp_path / "g")
    with one.writing(None):
        one.note_doubt(2)
        one.note_doubt(1)
    one.close()
    two = Generations(tmp_path / "g")
    assert two.doubt == 2
    with two.writing(None):
        two.note_doubt(0)
    assert two.doubt == 0
    two.close()
