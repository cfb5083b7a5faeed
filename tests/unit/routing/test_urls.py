"""URL paths, also from people who mean harm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isrgen.routing.urls import BadPathError, file_of, join, split_decoded, split_raw

HARMLESS = st.text(min_size=1, max_size=12).filter(
    lambda text: (
        not any(ord(character) < 0x20 or 0xD800 <= ord(character) <= 0xDFFF for character in text)
        and "\x7f" not in text
        and not {".", ".."} & set(text.replace("\\", "/").split("/"))
    )
)


@given(st.lists(HARMLESS, max_size=5), st.booleans())
def test_a_joined_path_splits_into_the_same_segments(segments: list[str], slash: bool) -> None:
    if segments and segments[0].startswith("\\"):
        return  # a path that begins with /\ is refused, encoded or not
    assert split_raw(join(segments, slash)) == tuple(segments)


@given(st.binary(max_size=40))
def test_any_bytes_are_segments_or_a_bad_path(raw: bytes) -> None:
    try:
        segments = split_raw(b"/" + raw)
    except BadPathError:
        return
    for segment in segments:
        assert segment not in ("", ".", "..")
        assert "\0" not in segment


@given(st.text(max_size=40))
def test_any_decoded_text_is_segments_or_a_bad_path(text: str) -> None:
    try:
        segments = split_decoded(text)
    except BadPathError:
        return
    assert not {"", ".", ".."} & set(segments)


HOSTILE = [
    "",
    "a",
    "//evil.example/",
    "/\\evil.example/",
    "/%5cevil.example/",
    "/%5Cevil.example/",
    "/..",
    "/../etc/passwd",
    "/a/../b",
    "/a/%2e%2e/b",
    "/a/%2E%2e",
    "/a/./b",
    "/a/..%2f..%2fetc/passwd",
    "/a/..%5c..%5cetc",
    "/%2fetc/..",
    "/a//b",
    "/a//",
    "/a%00b",
    "/a%0d%0aX-Header:%20b",
    "/a%7f",
    "/a%ff",
    "/%c0%ae%c0%ae/",
    "/%ed%a0%80",
]


@pytest.mark.parametrize("path", HOSTILE)
def test_a_hostile_path_is_bad(path: str) -> None:
    with pytest.raises(BadPathError):
        split_raw(path)


@pytest.mark.parametrize("path", ["/a\ufffdb", "//a", "/\\a", "/a/../b", "/a\0b", "a", ""])
def test_a_hostile_decoded_path_is_bad(path: str) -> None:
    with pytest.raises(BadPathError):
        split_decoded(path)


def test_an_encoded_slash_stays_in_its_segment() -> None:
    assert split_raw("/a%2Fb/c") == ("a/b", "c")
    assert join(("a/b", "c"), slash=False) == "/a%2Fb/c"


def test_a_path_is_decoded_once() -> None:
    assert split_raw("/%252e%252e/") == ("%2e%2e",)


def test_one_slash_at_the_end_does_not_count() -> None:
    assert split_raw("/a/") == split_raw("/a") == ("a",)
    assert split_raw("/") == ()


def test_the_root_never_gets_a_second_slash() -> None:
    assert join((), slash=True) == join((), slash=False) == "/"


@pytest.mark.parametrize(
    ("segments", "slash", "file"),
    [
        ((), True, "index.html"),
        ((), False, "index.html"),
        (("about",), True, "about/index.html"),
        (("about",), False, "about.html"),
        (("a", "b"), False, "a/b.html"),
        (("v1.2",), True, "v1.2/index.html"),
        (("feed.xml",), False, "feed.xml"),
        ((".well-known",), False, ".well-known.html"),
        (("café",), True, "café/index.html"),
    ],
)
def test_a_page_is_written_where_a_web_server_looks_for_it(
    segments: tuple[str, ...], slash: bool, file: str
) -> None:
    assert file_of(segments, slash) == file
