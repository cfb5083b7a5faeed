"""What is asked for only once goes first, and never more is held than may be."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from isrgen.caching.policy import Lifetime
from isrgen.caching.stored import Stored
from isrgen.edge.s3fifo import S3Fifo, taken

LIMIT = 20_000


EMPTY = Stored(200, (), b"", '"e"', Lifetime(60), 0.0)
SMALLEST = taken(EMPTY)


def page(size: int) -> Stored:
    """A response that takes exactly ``size`` bytes, at least ``SMALLEST``."""
    assert size >= SMALLEST
    return replace(EMPTY, body=b"x" * (size - SMALLEST))


def filled(limit: int, hot: int) -> S3Fifo[int]:
    """A cache in which ``hot`` keys were asked for a few times."""
    held: S3Fifo[int] = S3Fifo(limit)
    for number in range(hot):
        held.set(f"/hot/{number}", (page(1000),), 0)
        for _ in range(3):
            held.get(f"/hot/{number}")
    return held


def test_a_crawler_who_asks_for_100_000_pages_once_does_not_push_out_the_ones_that_are_read() -> None:
    held = filled(200_000, 100)
    for number in range(100_000):
        held.set(f"/{number}", (page(1000),), 0)
        if number % 5 == 0:
            held.get(f"/hot/{number // 5 % 100}")
    assert sum(held.get(f"/hot/{number}") is not None for number in range(100)) == 100
    assert held.bytes <= 200_000


def test_a_new_crowd_takes_the_place_of_one_that_went_home() -> None:
    held = filled(50_000, 40)
    for number in range(200):
        held.set(f"/new/{number % 30}", (page(1000),), 0)
        for _ in range(3):
            held.get(f"/new/{number % 30}")
    for number in range(2000):
        held.set(f"/{number}", (page(1000),), 0)
        held.get(f"/new/{number % 30}")
    assert sum(held.get(f"/new/{number}") is not None for number in range(30)) == 30


def test_a_key_that_comes_again_soon_after_it_went_stays_longer() -> None:
    held: S3Fifo[int] = S3Fifo(10_000)
    held.set("/again", (page(1000),), 0)
    for number in range(12):
        held.set(f"/a{number}", (page(1000),), 0)
    assert held.get("/again") is None
    held.set("/again", (page(1000),), 0)
    for number in range(100):
        held.set(f"/b{number}", (page(1000),), 0)
    assert held.get("/again") is not None


def test_what_came_in_last_is_never_what_has_to_go() -> None:
    held = filled(LIMIT, 18)
    lost = held.set("/big", (page(15_000),), 0)
    assert held.get("/big") is not None
    assert lost
    assert "/big" not in dict(lost)


def test_what_is_larger_than_all_is_lost_with_its_older_self_and_nothing_else() -> None:
    held: S3Fifo[int] = S3Fifo(LIMIT)
    held.set("/", (page(1000),), 0)
    held.set("/b", (page(1000),), 0)
    assert [key for key, _ in held.set("/", (page(LIMIT),), 0)] == ["/"]
    assert [key for key, _ in held.items()] == ["/b"]


def test_keys_that_went_are_not_remembered_without_end() -> None:
    held: S3Fifo[int] = S3Fifo(LIMIT)
    for number in range(10_000):
        held.set(f"/{number}", (page(1000),), 0)
    assert len(held._ghosts) <= 128
    assert sys.getsizeof(held._ghosts) < 100_000


KEYS = st.sampled_from([f"/{number}" for number in range(12)])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("set"), KEYS, st.lists(st.integers(SMALLEST, 9000), max_size=3)),
        st.tuples(st.just("get"), KEYS, st.just([])),
        st.tuples(st.just("remove"), KEYS, st.just([])),
    ),
    max_size=80,
)


def apply(
    held: S3Fifo[int], expected: dict[str, tuple[Stored, ...]], step: tuple[str, str, list[int]]
) -> None:
    """One step, done to the cache and to a dictionary that is told what was lost."""
    what, key, sizes = step
    if what == "set":
        variants = tuple(page(size) for size in sizes)
        lost = held.set(key, variants, len(sizes))
        expected[key] = variants
        if not variants:
            del expected[key]
        for gone, what_it_held in lost:
            assert expected.pop(gone) == what_it_held
    elif what == "remove":
        held.remove(key)
        expected.pop(key, None)
    else:
        found = held.get(key)
        assert (found.variants if found else None) == expected.get(key)


def check(held: Any) -> None:
    queues = [*held._small.items(), *held._main.items()]
    assert dict(queues) == held.entries
    assert len(queues) == len(held.entries)
    assert held.bytes == sum(one.size for one in held.entries.values()) <= LIMIT
    assert held._small_bytes == sum(one.size for one in held._small.values())
    for key, one in held.entries.items():
        assert one.size == sum(map(taken, one.variants)) + 2 * len(key)
        assert one.is_main == (key in held._main)
        assert one.mark == len(one.variants)
    assert not set(held._ghosts) & set(held.entries)


@given(STEPS)
def test_whatever_happens_the_queues_agree_and_the_bytes_are_those_held(
    steps: list[tuple[str, str, list[int]]],
) -> None:
    held: S3Fifo[int] = S3Fifo(LIMIT)
    expected: dict[str, tuple[Stored, ...]] = {}
    for step in steps:
        apply(held, expected, step)
        check(held)
        assert dict(held.items()) == expected
