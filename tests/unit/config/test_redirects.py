"""Where a redirect may lead."""

from __future__ import annotations

import pytest

from isrgen.config.redirects import read_target
from isrgen.config.table import Document, Table
from isrgen.errors import Problem


def read(to: str) -> tuple[str | None, list[Problem]]:
    problems: list[Problem] = []
    return read_target(Table(Document("a", {"to": to}, lambda _: 1), problems), "to", ("slug",)), problems


GOOD = ["/", "/new/", "/new/[slug]/", "/new/?a=b#c", "https://example.org/new/", "https://example.org/[slug]"]


@pytest.mark.parametrize("to", GOOD)
def test_paths_and_addresses_are_places(to: str) -> None:
    assert read(to) == (to, [])


BAD = [
    "new",
    "",
    "//evil.example",
    "/\\evil.example",
    "javascript:alert(1)",
    "http://[",
    "https://",
    "/a b",
    "/a\r\nX: y",
]


@pytest.mark.parametrize("to", [*BAD, "/new/[id]/", "https://example.org/[id]/", "/[...slug]/x"])
def test_what_is_no_place_or_names_an_unknown_parameter_is_a_problem(to: str) -> None:
    found, problems = read(to)
    assert found is None
    assert len(problems) == 1
