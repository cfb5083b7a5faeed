"""Dates of HTTP, there and back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from isrgen.caching.dates import http_date, parse_date


@given(st.integers(-2_000_000_000, 200_000_000_000))
def test_what_is_written_is_read_again(moment: int) -> None:
    assert parse_date(http_date(moment), 0.0) == moment


@given(st.text(max_size=50), st.floats(0, 1e10))
def test_anything_else_is_no_date_and_no_error(text: str, now: float) -> None:
    found = parse_date(text, now)
    assert found is None or isinstance(found, int)
