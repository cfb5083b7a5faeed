"""Header fields in a file."""

from __future__ import annotations

import pytest

from isrgen.config.headers import read_headers
from isrgen.config.table import Document, Table
from isrgen.errors import Problem


def read(headers: object) -> tuple[tuple[tuple[str, str], ...] | None, list[Problem]]:
    problems: list[Problem] = []
    return read_headers(Table(Document("a", {"headers": headers}, lambda _: 1), problems)), problems


def test_fields_keep_their_order_and_numbers_are_text() -> None:
    assert read({"X-B": "1", "X-A": 2}) == ((("X-B", "1"), ("X-A", "2")), [])


CACHE_FIELDS = [
    "Cache-Control",
    "cache-control",
    "CDN-Cache-Control",
    "Vercel-CDN-Cache-Control",
    "Surrogate-Control",
    "Surrogate-Key",
    "Cache-Tag",
    "Vercel-Cache-Tag",
    "Edge-Control",
    "Expires",
    "Pragma",
    "Vary",
    "Age",
    "Edge-Cache-Tag",
    "X-Accel-Expires",
]


@pytest.mark.parametrize("name", CACHE_FIELDS)
def test_there_is_one_place_for_cache_fields(name: str) -> None:
    headers, problems = read({name: "x", "X-A": "1"})
    assert headers == (("X-A", "1"),)
    assert "one place for caching" in problems[0].message


@pytest.mark.parametrize(
    "name", ["Set-Cookie", "Content-Length", "Transfer-Encoding", "ETag", "bad name", ""]
)
def test_fields_that_cannot_be_set_from_a_file_are_refused(name: str) -> None:
    headers, problems = read({name: "x"})
    assert headers == ()
    assert problems


def test_a_value_cannot_break_a_message_apart() -> None:
    headers, problems = read({"X-A": "a\r\nX-B: b"})
    assert headers == ()
    assert "control character" in problems[0].message
