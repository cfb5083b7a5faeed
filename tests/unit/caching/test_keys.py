"""The cache key, Vary, and the choice among variants."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isrgen.caching.keys import (
    MAX_KEY,
    Selecting,
    cache_key,
    canonical_path,
    compatible,
    normalise,
    parse_key,
    select,
    selecting_fields,
)
from isrgen.caching.policy import CachePolicy, Lifetime
from isrgen.caching.stored import HeaderPairs, Stored

PAGED = CachePolicy(query=("page", "sort"))


@pytest.mark.parametrize(
    ("query", "key"),
    [
        ([], "/a/"),
        ([("utm", "x")], "/a/"),
        ([("page", "2"), ("utm", "x")], "/a/?page=2"),
        ([("sort", "up"), ("page", "2")], "/a/?page=2&sort=up"),
        ([("page", "2"), ("page", "1")], "/a/?page=2&page=1"),
        ([("page", "")], "/a/?page="),
        ([("page", "a&sort=b?c#d é")], "/a/?page=a%26sort%3Db%3Fc%23d+%C3%A9"),
        ([("Page", "2")], "/a/"),
    ],
)
def test_only_listed_parameters_are_in_the_key(query: list[tuple[str, str]], key: str) -> None:
    assert cache_key("/a/", query, PAGED) == key


def test_a_key_that_is_too_long_is_none() -> None:
    assert cache_key("/a/", [("page", "x" * MAX_KEY)], PAGED) == ""
    assert cache_key("/" + "a" * MAX_KEY, [], PAGED) == ""


@given(st.lists(st.tuples(st.sampled_from(["page", "sort"]), st.text(max_size=20)), max_size=5))
def test_a_key_can_be_turned_back_into_its_request(query: list[tuple[str, str]]) -> None:
    encodable = [(n, v.encode("utf-8", "ignore").decode()) for n, v in query]
    key = cache_key("/a/", encodable, PAGED)
    path, pairs = parse_key(key)
    assert path == "/a/"
    assert cache_key(path, pairs, PAGED) == key
    assert sorted(pairs) == sorted(encodable)


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("Accept-Language", "de-DE,de;q=0.9,en;q=0.8", "de-de, de;q=0.9, en;q=0.8"),
        ("Accept-Language", "de-DE, de; q=0.7 , en ;q=0.3", "de-de, de;q=0.9, en;q=0.8"),
        ("Accept-Language", "en;q=0.5, de", "de, en;q=0.9"),
        ("Accept-Language", "en, fr;q=0", "en"),
        ("Accept-Language", "en;q=0.5", "en"),
        ("Accept-Language", "", ""),
        ("Accept", "text/HTML, */*;q=0.1", "text/html, */*;q=0.9"),
        ("Accept", "b;q=1.9, a", "b, a"),
        ("Accept", "a;level=1;q=0.5;q=0.3, b;q=high", "b, a;level=1;q=0.9"),
        ("Accept-Language", "en;q=0.2, de;q=0.5, en", "de, en;q=0.9"),
        ("X-Theme", "  dark \t mode ", "dark mode"),
        ("X-Theme", "Dark", "Dark"),
    ],
)
def test_values_that_mean_the_same_are_spelled_the_same(field: str, value: str, expected: str) -> None:
    """RFC 9111 section 4.1."""
    assert normalise(field, value) == expected


@given(st.sampled_from(["accept", "accept-language", "x-theme"]), st.text(max_size=80))
def test_normalising_twice_changes_nothing(field: str, value: str) -> None:
    once = normalise(field, value)
    assert normalise(field, once) == once


@given(st.lists(st.sampled_from(["a", "bb;q=0.5", "c;q=1", "d" * 90, "e;q=1.9"]), max_size=60))
def test_normalising_a_long_list_twice_changes_nothing(parts: list[str]) -> None:
    once = normalise("accept", ",".join(f"{number}{part}" for number, part in enumerate(parts)))
    assert normalise("accept", once) == once


@pytest.mark.parametrize("field", ["accept", "accept-language", "x-theme"])
def test_a_value_past_any_use_is_as_if_it_were_not_there(field: str) -> None:
    assert normalise(field, "a" * 1024) == "a" * 1024
    assert normalise(field, "a" * 1025) == ""
    assert normalise(field, "a," * 30_000) == ""


def test_only_the_first_preferences_count_repeated_ones_included() -> None:
    assert normalise("accept", ",".join(["a"] * 31 + ["b", "c"])) == "a, b"
    assert normalise("accept", ",".join("abcdefghijklmn")).split(", ") == list("abcdefghijkl")


def test_what_a_request_selects_is_worked_out_once_for_all_variants() -> None:
    headers = [("Accept-Language", "DE"), ("X-Theme", "dark"), ("X-Theme", "wide")]
    selecting = Selecting(headers)
    first = selecting(("x-theme", "Accept-Language"))
    assert first == (("accept-language", "de"), ("x-theme", "dark, wide"))
    assert selecting(("x-theme", "Accept-Language")) is first


def test_a_field_that_is_absent_counts_as_empty() -> None:
    assert selecting_fields(("B", "a"), [("A", "x"), ("a", "y")]) == (("a", "x, y"), ("b", ""))


def stored(selecting: HeaderPairs, body: bytes = b"") -> Stored:
    return Stored(200, (), body, "", Lifetime(1), 0.0, selecting)


def test_a_request_selects_the_first_variant_that_it_matches() -> None:
    german, english = stored((("accept-language", "de"),)), stored((("accept-language", "en"),))
    headers = [("Accept-Language", "EN;q=0.3")]
    assert select([german, english], lambda names: selecting_fields(names, headers)) is english
    assert select([german], lambda names: selecting_fields(names, headers)) is None
    everyone = stored(())
    assert select([everyone, english], lambda names: selecting_fields(names, headers)) is everyone


@given(
    st.dictionaries(st.sampled_from("abc"), st.sampled_from("xy")),
    st.dictionaries(st.sampled_from("abc"), st.sampled_from("xy")),
)
def test_compatible_says_whether_one_request_could_select_both(
    one: dict[str, str], two: dict[str, str]
) -> None:
    first, second = tuple(sorted(one.items())), tuple(sorted(two.items()))
    request = two | one
    both = all(request[name] == value for name, value in (*first, *second))
    assert compatible(first, second) == compatible(second, first) == both


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("/café/", "/caf%C3%A9/"),
        ("/caf%c3%a9/", "/caf%C3%A9/"),
        ("/a%2Fb/", "/a%2Fb/"),
        ("/a?b#c", "/a"),
        ("/", "/"),
    ],
)
def test_a_path_is_spelled_as_in_keys(written: str, canonical: str) -> None:
    assert canonical_path(written) == canonical


def test_a_value_that_grows_too_long_when_it_is_spelt_selects_nothing() -> None:
    """A refresh asks with the spelling: it has to select what it came from."""
    long = ",".join(f"{letter * 92}" for letter in "abcdefghijk")
    assert len(long) == 1022
    assert normalise("accept", long) == ""
    assert normalise("accept", long[:-93]) == long[:-93].replace(",", ", ")
