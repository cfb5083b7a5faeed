"""Cache-Control as a shared cache reads it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isrgen.caching.directives import lifetime_of, parse
from isrgen.caching.policy import MAX_LIFETIME, Lifetime

LIFETIMES = [
    ("public, s-maxage=3600, stale-while-revalidate=86400", Lifetime(3600, 86400)),
    ("s-maxage=60, max-age=10", Lifetime(60)),
    ("max-age=10, s-maxage=60", Lifetime(60)),
    ("max-age=60", Lifetime(60)),
    ("S-MaxAge=60", Lifetime(60)),
    ('s-maxage="60"', Lifetime(60)),
    ("s-maxage=0060", Lifetime(60)),
    ("s-maxage=60, s-maxage=60", Lifetime(60)),
    (",, s-maxage=60 ,,", Lifetime(60)),
    ("s-maxage=60\t,\tunknown=1, also", Lifetime(60)),
    ("s-maxage=60, stale-if-error=5", Lifetime(60, 0, 5)),
    ("s-maxage=0, stale-while-revalidate=5", Lifetime(0, 5)),
    ("s-maxage=99999999999999999999", Lifetime(MAX_LIFETIME)),
    ("s-maxage=4294967296", Lifetime(MAX_LIFETIME)),
    ("s-maxage=60, stale-while-revalidate=9, must-revalidate", Lifetime(60)),
    ("s-maxage=60, stale-while-revalidate=9, proxy-revalidate", Lifetime(60)),
    ('ext="a, private, \\"no-store", s-maxage=60', Lifetime(60)),
    ("s-maxage=60, no-transform, immutable, must-understand", Lifetime(60)),
]
NOT_SHARED = [
    "",
    "public",
    "stale-while-revalidate=60",
    "private, s-maxage=60",
    'private="set-cookie", s-maxage=60',
    "no-store, s-maxage=60",
    "no-cache, s-maxage=60",
    'no-cache="x", s-maxage=60',
    "NO-STORE, s-maxage=60",
    "s-maxage=60, s-maxage=61",
    "max-age=60, max-age=1, s-maxage=60",
    "s-maxage",
    "s-maxage=",
    "s-maxage=-1",
    "s-maxage=1.5",
    "s-maxage=60s",
    "s-maxage = 60",
    "s-maxage=60; private",
    "s-maxage=\u0661",
    's-maxage="60',
    "s-maxage=60, =",
    's-maxage=60, x="\x00"',
    "s-maxage=60, stale-while-revalidate=soon",
    "s-maxage=60, must-revalidate=1",
    "max-age=0, must-revalidate",
    "s-maxage=0",
]


@pytest.mark.parametrize(("field", "expected"), LIFETIMES)
def test_a_field_gives_its_lifetime(field: str, expected: Lifetime) -> None:
    assert lifetime_of(parse(field)) == expected


@pytest.mark.parametrize("field", NOT_SHARED)
def test_a_field_that_forbids_or_is_in_doubt_shares_nothing(field: str) -> None:
    """RFC 9111 section 4.2.1: invalid freshness information is no freshness."""
    assert lifetime_of(parse(field)) is None


def test_no_field_shares_nothing() -> None:
    assert lifetime_of(None) is None


@given(st.text(max_size=300))
def test_any_text_is_read_without_an_error(field: str) -> None:
    lifetime_of(parse(field))


@pytest.mark.parametrize("noise", ["\t", ' "', ",", "a", "a=", 'a="\\', "0", ";"])
def test_the_parser_is_linear(noise: str) -> None:
    """Half a million characters would take hours otherwise."""
    parse(noise * 500_000 + "\x00")


@given(
    st.sampled_from(["private", "no-store", "no-cache"]),
    st.lists(st.sampled_from(["s-maxage=60", "public", 'x="a, b"', "max-age=5", "", "y"]), max_size=6),
    st.integers(0, 6),
)
def test_a_prohibition_holds_wherever_it_stands(word: str, others: list[str], place: int) -> None:
    assert lifetime_of(parse(", ".join([*others[:place], word, *others[place:]]))) is None
