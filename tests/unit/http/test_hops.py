"""Fields of one connection (RFC 9110 section 7.6.1)."""

from __future__ import annotations

import pytest

from isrgen.http.hops import HOP, without_hops


@pytest.mark.parametrize("name", sorted(HOP))
def test_a_field_of_one_connection_is_not_passed_on(name: str) -> None:
    assert without_hops([("a", "1"), (name, "x"), ("b", "2")]) == [("a", "1"), ("b", "2")]


def test_what_connection_names_is_not_passed_on_in_whatever_case_and_line() -> None:
    pairs = [("connection", "close, X-One"), ("x-one", "1"), ("x-two", "2"), ("connection", "\tX-TWO ,")]
    assert without_hops(pairs) == []


@pytest.mark.parametrize(
    "name",
    ["age", "cache-control", "cdn-cache-control", "content-encoding", "content-length", "date", "expires",
     "host", "set-cookie", "vary"],
)  # fmt: skip
def test_connection_cannot_take_away_what_everybody_needs(name: str) -> None:
    assert without_hops([("connection", name), (name, "x")]) == [(name, "x")]
