"""Who is let in, and how often somebody may try."""

from __future__ import annotations

from typing import Any

import pytest

from isrgen.server.admin_gate import WRONG_A_SECOND, WRONG_AT_ONCE, Bucket, Gate, bearer


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_bucket_gives_so_many_at_once_and_then_so_many_a_second() -> None:
    bucket = Bucket(2.0, 3, 0.0)
    assert [bucket.take(0.0) for _ in range(4)] == [0, 0, 0, 1]
    assert [bucket.take(0.5), bucket.take(0.5)] == [0, 1]
    assert [bucket.take(100.0) for _ in range(4)] == [0, 0, 0, 1]


def test_a_slow_bucket_tells_how_long_to_wait() -> None:
    bucket = Bucket(0.1, 1, 0.0)
    assert (bucket.take(0.0), bucket.take(0.0), bucket.take(4.0)) == (0, 10, 6)


def test_a_clock_that_is_set_back_neither_fills_a_bucket_nor_locks_it() -> None:
    bucket = Bucket(1.0, 1, 1_000_000.0)
    assert bucket.take(1_000_000.0) == 0
    assert bucket.take(0.0) == 1
    assert bucket.take(1.0) == 0


def test_the_token_is_admitted_and_nothing_else_is(clock: Clock) -> None:
    gate = Gate("s3cret", clock)
    assert gate.admits("s3cret", "a")
    for wrong in ("", "s3cre", "s3cret ", "S3CRET", "s3crets", "\ud800", "é"):
        assert not gate.admits(wrong, "a")


@pytest.mark.parametrize("token", ["", " ", "\n"])
def test_without_a_token_nobody_is_admitted(clock: Clock, token: str) -> None:
    gate = Gate(token, clock)
    assert not gate.is_open
    assert not any(gate.admits(given, "a") for given in ("", " ", token))


def test_a_token_from_a_file_may_end_in_a_newline(clock: Clock) -> None:
    assert Gate("s3cret\n", clock).admits("s3cret", "a")


def test_tokens_are_compared_in_constant_time(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is compared has the same length for every guess."""
    seen: list[tuple[int, int]] = []

    def compare(one: bytes, other: bytes) -> bool:
        seen.append((len(one), len(other)))
        return one == other

    monkeypatch.setattr("isrgen.server.admin_gate.hmac.compare_digest", compare)
    gate = Gate("s3cret", clock)
    for guess in ("", "s", "s3cret", "s" * 1000):
        gate.admits(guess, "a")
    assert seen == [(32, 32)] * 4


def test_wrong_tokens_are_bounded_by_address(clock: Clock) -> None:
    gate = Gate("s3cret", clock)
    for _ in range(WRONG_AT_ONCE):
        assert gate.wait("203.0.113.1") == 0
        gate.admits("wrong", "203.0.113.1")
    seconds = gate.wait("203.0.113.1")
    assert seconds == 1 / WRONG_A_SECOND
    assert gate.wait("203.0.113.2") == 0
    clock.now += seconds
    assert gate.wait("203.0.113.1") == 0


def test_the_right_token_costs_nothing(clock: Clock) -> None:
    gate = Gate("s3cret", clock)
    for _ in range(10 * WRONG_AT_ONCE):
        assert gate.wait("a") == 0
        assert gate.admits("s3cret", "a")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:203.0.113.1", "203.0.113.1", True),
        ("", "", True),
        ("unix", "other", False),
    ],
)
def test_what_one_visitor_may_have_many_of_counts_as_one_address(
    clock: Clock, one: str, other: str, same: bool
) -> None:
    gate = Gate("s3cret", clock)
    for _ in range(WRONG_AT_ONCE):
        gate.admits("wrong", one)
    assert bool(gate.wait(other)) is same


def test_the_memory_of_a_gate_is_bounded(clock: Clock) -> None:
    gate: Any = Gate("s3cret", clock)
    for number in range(3000):
        gate.admits("wrong", f"10.0.{number // 256}.{number % 256}")
    assert len(gate._wrong) <= 1024


def test_a_token_beyond_ascii_is_read_as_utf_8() -> None:
    assert bearer("Bearer " + "é".encode().decode("latin-1")) == "é"
