"""``data/``."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from isrgen.errors import Problem
from isrgen.site.model import Site

LoadSite = Callable[..., Site]


def test_every_kind_of_file_is_read_under_its_name(load_site: LoadSite) -> None:
    site = load_site(
        {
            "data/a.toml": "x = 1\n",
            "data/b.yaml": "- 1\n- 2\n",
            "data/c.yml": "x: 1\n",
            "data/d.json": '{"x": null}',
            "data/e.csv": 'name,price\ntea,"1,50"\n\n',
            "data/nav/main.json": "[]",
            "data/app.db": b"\x00\xff",
            "data/_private.json": "not json",
            "data/empty.csv": "",
        }
    )
    assert site.data == {
        "a": {"x": 1},
        "b": [1, 2],
        "c": {"x": 1},
        "d": {"x": None},
        "e": [{"name": "tea", "price": "1,50"}],
        "nav": {"main": []},
        "empty": [],
    }


BROKEN = [
    ("data/a.json", "{", 1),
    ("data/a.json", "\n\n[1,]", 3),
    ("data/a.yaml", "a: [", 1),
    ("data/a.toml", "a = 1\nb =", 2),
    ("data/a.csv", "a,b\n1,2\n1\n", 3),
    ("data/a.csv", 'a,b\n"1"x,2\n', 2),
    ("data/a.json", b"\xff", 1),
]


@pytest.mark.parametrize(("file", "text", "line"), BROKEN, ids=lambda value: repr(value)[:30])
def test_a_broken_file_is_a_problem_with_its_line(
    problems_of: Callable[..., tuple[Problem, ...]], file: str, text: str, line: int
) -> None:
    (problem,) = problems_of({file: text})
    assert (problem.file, problem.line) == (file, line)


@pytest.mark.parametrize("other", ["data/a.toml", "data/a/b.json", "data/a.yml"])
def test_two_files_cannot_give_one_name(problems_of: Callable[..., tuple[Problem, ...]], other: str) -> None:
    text = "{}" if other.endswith("json") else ""
    (problem,) = problems_of({"data/a.json": "{}", other: text})
    assert "data/a.json" in problem.message
    assert other in problem.message
