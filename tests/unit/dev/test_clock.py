from pathlib import Path

import pytest

from isrgen.dev.clock import Clock, obey, page


def at(seconds: float):
    return lambda: seconds


def test_a_clock_that_was_moved_is_ahead_by_that_much(tmp_path: Path) -> None:
    clock = Clock(tmp_path / "clock", at(1000.0))
    assert obey(clock, "forward=2h") is None
    assert clock() == 1000.0 + 7200


def test_the_offset_outlives_the_worker_that_set_it(tmp_path: Path) -> None:
    Clock(tmp_path / "clock", at(1000.0)).forward(60)
    assert Clock(tmp_path / "clock", at(1000.0)).offset == 60


def test_moving_twice_adds_up_and_a_reset_goes_back(tmp_path: Path) -> None:
    clock = Clock(tmp_path / "clock", at(1000.0))
    obey(clock, "forward=1h")
    obey(clock, "forward=90")
    assert clock.offset == 3690
    assert obey(clock, "reset=1") is None
    assert clock() == 1000.0


@pytest.mark.parametrize("value", ["yesterday", "-1h", "", "99999999w"])
def test_a_duration_the_clock_cannot_go_is_told_and_leaves_it_right(tmp_path: Path, value: str) -> None:
    clock = Clock(tmp_path / "clock", at(1000.0))
    obey(clock, "forward=1h")
    assert repr(value) in (obey(clock, f"forward={value}&x=1") or repr(value))
    assert clock.offset in (3600, 3600 + 2**31 - 1)


def test_a_damaged_file_is_the_real_time(tmp_path: Path) -> None:
    (tmp_path / "clock").write_text("soon")
    assert Clock(tmp_path / "clock", at(5.0))() == 5.0


def test_the_page_shows_the_time_and_escapes_what_was_asked(tmp_path: Path) -> None:
    text = page(Clock(tmp_path / "clock", at(0.0)), "<script>")
    assert "1970-01-01 00:00:00 UTC" in text
    assert "&lt;script&gt;" in text
