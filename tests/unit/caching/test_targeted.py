"""CDN-Cache-Control (RFC 9213), as a dictionary of structured fields (RFC 9651)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isrgen.caching.directives import lifetime_of
from isrgen.caching.policy import Lifetime
from isrgen.caching.targeted import directives_of, parse


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("max-age=60", Lifetime(60)),
        ("max-age=60, stale-while-revalidate=600", Lifetime(60, 600)),
        ("public, max-age=60;x=1;y", Lifetime(60)),
        ("max-age=1, max-age=60", Lifetime(60)),
        ('max-age=60, a="x", b=tok, c=:aGk=:, d=(1 2;x "y"), e=@1, f=1.5, g=%"a%c3%a9"', Lifetime(60)),
        ("max-age=60, no-store=?0", Lifetime(60)),
        ("max-age=60, must-revalidate, stale-while-revalidate=5", Lifetime(60)),
        ("max-age=60, no-store", None),
        ("max-age=60, private", None),
        ('max-age="60"', None),
        ("max-age=60.0", None),
        ("max-age=-1", None),
    ],
)
def test_a_valid_field_decides(field: str, expected: Lifetime | None) -> None:
    found = parse(field)
    assert found is not None
    assert lifetime_of(found) == expected


@pytest.mark.parametrize(
    "field",
    ["", "  ", "max-age=60,", "max-age=60 private", "Max-Age=60", "max-age= 60", ",", "a=(1", "a=(1;", 'a="',
     "max-age=60, \x00", "a=?2", "max-age==1", "a=1.", "a=1234567890123456", "é=1",
     'a=%"%c3"', 'a=(%"%ff")', 'a;b=%"%c3"'],
)  # fmt: skip
def test_an_invalid_field_is_ignored_whole(field: str) -> None:
    """RFC 9213 section 2.1; Cache-Control then decides."""
    assert parse(field) is None
    said = directives_of([("Cache-Control", "s-maxage=5"), ("CDN-Cache-Control", field)])
    assert lifetime_of(said) == Lifetime(5)


def test_the_targeted_field_wins_over_cache_control() -> None:
    pairs = [("cache-control", "public, s-maxage=5"), ("CDN-Cache-Control", "no-store")]
    assert lifetime_of(directives_of(pairs)) is None
    assert lifetime_of(directives_of([("Cache-Control", "private"), ("cdn-cache-control", "max-age=9")]))


def test_lines_of_one_field_are_joined() -> None:
    pairs = [("Cache-Control", "s-maxage=5"), ("Cache-Control", "private")]
    assert lifetime_of(directives_of(pairs)) is None
    assert directives_of([("Content-Type", "text/html")]) is None


@given(st.text(alphabet='amx-ge=0123456789 ,;"()?:@%\\\t', max_size=60) | st.text(max_size=60))
def test_any_text_is_read_without_an_error(field: str) -> None:
    parse(field)


@pytest.mark.parametrize("noise", ["a,", "a=(", " ", "a;", 'a="', "a=1 ,\t", "a=:"])
def test_the_parser_is_linear(noise: str) -> None:
    parse(noise * 200_000)
