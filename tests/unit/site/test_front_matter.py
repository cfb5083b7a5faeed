"""Taking the front matter off."""

from __future__ import annotations

from datetime import date

import pytest

from isrgen.errors import IsrgenError
from isrgen.site.front_matter import split_front_matter

SPLITS = [
    ("# Tea\n", {}, "# Tea\n", 1),
    ("", {}, "", 1),
    ("---\n---\nText\n", {}, "Text\n", 3),
    ("---\n~\n---\nText\n", {}, "Text\n", 4),
    ("---\ntitle: Tea\n---\nText\n", {"title": "Tea"}, "Text\n", 4),
    ("---\ntitle: Tea\n---", {"title": "Tea"}, "", 3),
    ("--- \ntitle: Tea\n---  \n\nText\n", {"title": "Tea"}, "\nText\n", 4),
    ('+++\ntitle = "Tea"\n+++\nText\n', {"title": "Tea"}, "Text\n", 4),
    ("---\na: '---'\n---\nb\n\n---\n\nc\n", {"a": "---"}, "b\n\n---\n\nc\n", 4),
    ("\n---\ntitle: Tea\n---\n", {}, "\n---\ntitle: Tea\n---\n", 1),
    ("---- \nText\n", {}, "---- \nText\n", 1),
    ("---\ndate: 2026-03-01\n---\n", {"date": date(2026, 3, 1)}, "", 4),
]


@pytest.mark.parametrize(("text", "data", "body", "line"), SPLITS, ids=lambda value: repr(value)[:30])
def test_a_text_is_front_matter_and_body(text: str, data: dict[str, object], body: str, line: int) -> None:
    split = split_front_matter(text, "a.md")
    assert (split.document.data, split.body, split.body_line) == (data, body, line)


BROKEN = [
    ("---\ntitle: Tea\n", 1, None),
    ("+++\ntitle = 'Tea'\n---\n", 1, None),
    ("---\ntitle: a: b\n---\n", 2, 9),
    ("---\na: 1\n\tb: 2\n---\n", 3, 1),
    ("---\n- a\n---\n", 2, None),
    ("---\njust text\n---\n", 2, None),
    ("---\na: 1\nb: 2\na: 3\n---\n", 4, None),
    ("---\na: 1\nd: 2026-13-01\n---\n", 3, None),
    ("---\na: 1\nb: !!timestamp z\n---\n", 3, None),
    ("---\na: !!bool x\n---\n", 2, None),
    ("---\na: !!python/object:os.system {}\n---\n", 2, 4),
    ("---\na: *nobody\n---\n", 2, 4),
    ("---\n? [a, b]\n: 1\n---\n", 2, None),
    ("---\n" + "[" * 5000 + "\n---\n", None, None),
    ("+++\na = 1\nb = \n+++\n", 3, 5),
]


@pytest.mark.parametrize(("text", "line", "column"), BROKEN, ids=lambda value: repr(value)[:30])
def test_broken_front_matter_has_its_exact_place(text: str, line: int | None, column: int | None) -> None:
    with pytest.raises(IsrgenError) as caught:
        split_front_matter(text, "a.md")
    (problem,) = caught.value.problems
    if line is not None:
        assert problem.line == line
    if column is not None:
        assert problem.column == column


def test_keys_know_their_lines() -> None:
    text = "---\ntitle: Tea\ncache:\n  s-maxage: 1h\n  tags:\n    - a\n    - b\n---\n"
    line_of = split_front_matter(text, "a.md").document.line_of
    assert [line_of(path) for path in [("title",), ("cache",), ("cache", "s-maxage")]] == [2, 3, 4]
    assert line_of(("cache", "tags", 1)) == 7
    assert line_of(("cache", "absent")) == 3


def test_a_value_inside_itself_is_refused() -> None:
    with pytest.raises(IsrgenError, match="alias"):
        split_front_matter("---\na: &x [1, *x]\n---\n", "a.md")
    assert split_front_matter("---\na: &x [1]\nb: *x\n---\n", "a.md").document.data == {"a": [1], "b": [1]}


@pytest.mark.parametrize("text", ["---\na: {digits}\n---\n", "+++\na = {digits}\n+++\n"])
def test_a_number_of_thousands_of_digits_is_a_problem(text: str) -> None:
    with pytest.raises(IsrgenError):
        split_front_matter(text.format(digits="9" * 5000), "a.md")
