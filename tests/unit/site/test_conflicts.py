"""Two things that want one place."""

from __future__ import annotations

from collections.abc import Callable

from isrgen.errors import Problem
from isrgen.site.model import Site

LoadSite = Callable[..., Site]
ProblemsOf = Callable[..., tuple[Problem, ...]]


def test_a_static_file_hides_no_page(problems_of: ProblemsOf) -> None:
    files = {"content/a+ssr.md": "", "static/a/index.html": "", "content/f.md": "", "static/f.md": ""}
    (problem,) = problems_of(files)
    assert problem.message == "Both would be the file for /a/: content/a+ssr.md, static/a/index.html."


def test_a_not_found_page_and_a_static_404_are_one_file(problems_of: ProblemsOf) -> None:
    (problem,) = problems_of({"content/+not-found.md": "", "static/404.html": ""})
    assert "404.html" in problem.message


def test_every_file_of_a_conflict_is_named_once(problems_of: ProblemsOf) -> None:
    files = ["content/a.md", "content/a.html", "content/a/index.md", "content/(g)/a+ssr.md"]
    (problem,) = problems_of(dict.fromkeys(files, ""))
    assert problem.message == f"All have the route /a/: {', '.join(sorted(files))}."


def test_a_draft_is_in_nobodys_way(load_site: LoadSite) -> None:
    assert load_site({"content/a.md": "---\ndraft: true\n---\n", "content/a.html": ""}).pages
