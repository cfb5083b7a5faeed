"""What lies in Redis under one key, and how long."""

from __future__ import annotations

from dataclasses import replace

import pytest
from store_play import made, variant

from isrgen.caching.policy import Lifetime
from isrgen.edge.redis.entry import Change, Entry, commit, heads_from, placing, seconds_to_live, variants_from

EMPTY = Entry(life="l", epoch=1, generation="", heads=(), ranks={})


def laid(stored: object, entry: Entry = EMPTY) -> dict[bytes, bytes]:
    """The fields that a change writes."""
    arguments = commit(entry, "/", Change((), stored), "new")  # type: ignore[arg-type]
    at = 7
    for _ in range(3):
        at += int(arguments[at]) + 1
    plain = [value if isinstance(value, bytes) else str(value).encode() for value in arguments[at:]]
    return dict(zip(plain[::2], plain[1::2], strict=True))


def test_what_is_written_is_read_back() -> None:
    stored = replace(
        made(selecting=variant("dé"), tags=("a", "b"), build="b1"),
        headers=(("X-Odd", "caf\udce9 \x1e\x1f"),),
        initial_age=1,
        if_disconnected=2,
        for_authorized=True,
        invalidated=True,
    )
    assert variants_from(laid(stored)) == (stored,)


def test_a_body_that_does_not_match_is_damage() -> None:
    fields = {name: b"else" if name[:1] == b"b" else value for name, value in laid(made()).items()}
    with pytest.raises(ValueError, match="digest"):
        variants_from(fields)


def test_a_body_that_redis_has_is_not_sent_again() -> None:
    entry = replace(EMPTY, heads=heads_from(laid(made("tea"))))
    assert not [name for name in laid(made("tea", 1001.0), entry) if name[:1] == b"b"]
    assert [name for name in laid(made("milk", 1001.0), entry) if name[:1] == b"b"]


@pytest.mark.parametrize(
    ("lifetime", "disconnected", "expected"),
    [
        (Lifetime(0), 0, 600),
        (Lifetime(1), 0, 601),
        (Lifetime(3600), 0, 7200),
        (Lifetime(3600, 7200, 3600), 0, 21600),
        (Lifetime(60), 3600, 7320),
        (Lifetime(31536000), 0, 31536000 + 86400),
    ],
)
def test_redis_keeps_a_page_for_its_windows_and_a_while(
    lifetime: Lifetime, disconnected: int, expected: int
) -> None:
    assert seconds_to_live(replace(made(), lifetime=lifetime, if_disconnected=disconnected)) == expected


def test_what_an_older_build_made_does_not_take_the_place_of_a_newer() -> None:
    heads = heads_from(laid(made("two", 1000.0, build="two")))
    entry = replace(EMPTY, heads=heads, ranks={"one": 1, "two": 2})
    assert placing(entry, "/", made("one", 2000.0, build="one")) is None
    change = placing(replace(entry, ranks={"one": 3, "two": 2}), "/", made("one", 2000.0, build="one"))
    assert change is not None
    assert change.gone == heads
