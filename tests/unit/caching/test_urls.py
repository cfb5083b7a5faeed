"""Keys of URLs; which of them are one is asked in tests/rfc."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isrgen.caching.urls import also_changed, key_of, split_key, url_key

TARGETS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=40).map("/{}".format)


@given(TARGETS)
def test_a_key_is_the_key_of_itself(target: str) -> None:
    key = url_key("http", "example.org", target)
    assert url_key("http", "example.org", key.removeprefix("http://example.org")) == key


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=40))
def test_a_refresh_asks_for_what_the_key_names(path: str) -> None:
    key = url_key("http", "example.org", f"/{path}")
    parts = split_key(key)
    assert parts is not None
    assert url_key(*parts) == key


@pytest.mark.parametrize("target", ["/%%41F", "/%4%31", "/caf%C3%%419", "/%", "/%e"])
def test_what_is_no_escape_does_not_become_one(target: str) -> None:
    """Found by fuzzing: `/%%66e` had the key of `/%fe`, a page that is another's."""
    assert url_key("http", "a", target) == f"http://a{target}"


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://Example.org", "https://example.org/"),
        ("https://example.org?a=1", "https://example.org/?a=1"),
        ("ftp://example.org/", ""),
        ("/path", ""),
        ("http://[", ""),
        ("", ""),
    ],
)
def test_a_url_as_people_write_it(url: str, key: str) -> None:
    assert key_of(url) == key


def test_the_key_of_a_page_is_no_url() -> None:
    for key in ("/", "/a?b=http://c/", "/http://a/", "http:"):
        assert split_key(key) is None


def test_nothing_is_changed_of_another_origin() -> None:
    assert also_changed("http://a:8000/x", ("http://a/y", "https://a:8000/y", "//a:8000/y")) == (
        "http://a:8000/y",
    )
