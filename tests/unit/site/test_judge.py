"""Contradictions within one page: what is one, and what is none."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from isrgen.errors import Problem
from isrgen.site.judge import CHECKS
from isrgen.site.model import Site

LOADER = "def loader():\n    return {}\n"
PARAMS = "def static_params():\n    return []\n"

FINE: list[dict[str, str]] = [
    {"content/a+ssr.md": "---\ncache: hourly\n---\n"},
    {"content/a.md": "---\nmode: ssr\ncache: hourly\n---\n"},
    {"content/[x].html": "", "content/[x].py": PARAMS},
    {"content/[x].py": LOADER + PARAMS},
    {"content/a+ssr.md": "", "content/a+ssr.py": "cache = {}\n" + LOADER},
    {"content/a+ssr.md": "", "content/a+ssr.py": "import functools\ncache = functools.cache(len)\n" + LOADER},
    {"content/[x].md": "---\nredirect: /b/[x]/\n---\n"},
    {"content/[...p]+ssr.md": "---\ncache: {s-maxage: 1h, tags: ['p:{p}', 'A b']}\n---\n"},
    {"content/dashboard+ssr.md": "---\ncache: {bypass-cookies: [session]}\n---\n"},
    {"content/+not-found.py": 'template = "a.html"\n', "templates/a.html": ""},
]


@pytest.mark.parametrize("files", FINE, ids=lambda files: next(iter(files)))
def test_what_is_no_contradiction_loads(load_site: Callable[..., Site], files: dict[str, str]) -> None:
    load_site(files)


WRONG: list[tuple[dict[str, str], str]] = [
    ({"content/a.md": "---\ncache: private\n---\n"}, "content/a.md:2"),
    ({"content/a+ssg/b.md": "---\ncache: daily\nmode: ssr\n---\n"}, "content/a+ssg/b.md:2"),
    ({"content/[x]/a.md": ""}, "content/[x]/a.md"),
    ({"content/[x].html": "", "content/[x].py": LOADER}, "content/[x].html"),
    ({"content/a+api/b.md": ""}, "content/a+api/b.md"),
    ({"content/a+api.html": ""}, "content/a+api.html"),
    ({"content/a+api.py": LOADER}, "content/a+api.py"),
    ({"content/a.py": 'title = "A"\n'}, "content/a.py"),
    ({"content/a+ssr.py": ""}, "content/a+ssr.py"),
    ({"content/a+ssr.py": "dynamic_params = 0\n" + LOADER}, "content/a+ssr.py:1"),
    ({"content/a+ssr.py": "title = 'A'\ntemplate = title\n" + LOADER}, "content/a+ssr.py:2"),
    ({"content/a+ssr.md": "---\ncache: {tags: ['{x}']}\n---\n"}, "content/a+ssr.md:2"),
]


@pytest.mark.parametrize(("files", "where"), WRONG, ids=lambda value: str(value)[:60])
def test_a_contradiction_is_one_problem_at_its_place(
    problems_of: Callable[..., tuple[Problem, ...]], files: dict[str, str], where: str
) -> None:
    (problem,) = problems_of(files)
    assert problem.where == where
    assert problem.hint


def test_each_check_stands_in_the_table_once() -> None:
    assert len(set(CHECKS)) == len(CHECKS)
