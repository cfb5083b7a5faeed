"""TOML with the lines of its keys."""

from __future__ import annotations

import pytest

from isrgen.config.table import KeyPath
from isrgen.config.toml import parse_toml
from isrgen.errors import IsrgenError

TEXT = '''title = "a"
long = """
title = "not a key"
"""
list = [
  "x = 1",
  { y = 2 },
]
a.b = 1

[table]
key = 1
"quoted key" = 2

[[rules]]
path = "/a/"

[[rules]]
path = "/b/" # [[rules]]
inline = { x = 1, y = 2 }

[rules.inner]
deep = 1
'''

LINES: list[tuple[KeyPath, int | None]] = [
    (("title",), 1),
    (("long",), 2),
    (("list",), 5),
    (("list", 1, "y"), 5),
    (("a", "b"), 9),
    (("table",), 11),
    (("table", "key"), 12),
    (("table", "quoted key"), 13),
    (("rules", 0, "path"), 16),
    (("rules", 1), 18),
    (("rules", 1, "path"), 19),
    (("rules", 1, "inline", "y"), 20),
    (("rules", 1, "inner", "deep"), 23),
    (("absent",), None),
]


@pytest.mark.parametrize(("path", "line"), LINES, ids=str)
def test_a_key_is_found_on_its_line(path: KeyPath, line: int | None) -> None:
    assert parse_toml(TEXT, "a.toml").line_of(path) == line


def test_lines_count_from_where_the_toml_begins() -> None:
    assert parse_toml("a = 1\nb = 2\n", "a.md", 2).line_of(("b",)) == 3


@pytest.mark.parametrize(
    ("text", "line", "column"), [("a = \n", 2, 5), ("a = 1\na = 2\n", 3, 6), ("a = [1,", 2, None)]
)
def test_a_syntax_error_has_its_place(text: str, line: int, column: int | None) -> None:
    with pytest.raises(IsrgenError) as caught:
        parse_toml(text, "a.md", 2)
    (problem,) = caught.value.problems
    assert (problem.line, problem.column) == (line, column)
