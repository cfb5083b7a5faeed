"""What middleware runs around."""

from __future__ import annotations

from collections.abc import Callable

from isrgen.errors import Problem
from isrgen.site.model import Site

LoadSite = Callable[..., Site]
ProblemsOf = Callable[..., tuple[Problem, ...]]
API = "def GET():\n    return {}\n"


def test_middleware_runs_around_what_is_rendered_on_demand(load_site: LoadSite) -> None:
    guard = "def middleware(request, next):\n    return next(request)\n"
    site = load_site(
        {
            "content/_middleware.py": 'static_pages = "unguarded"\n' + guard,
            "content/a/_middleware.py": guard,
            "content/a/b+ssr.md": "",
            "content/c.md": "",
            "content/a/d+api.py": API,
        }
    )
    both = ("content/_middleware.py", "content/a/_middleware.py")
    assert {str(page.pattern): page.middleware for page in site.pages} == {
        "/a/b/": both,
        "/a/d": both,
        "/c/": (),
    }


def test_the_static_pages_below_a_middleware_are_listed(problems_of: ProblemsOf) -> None:
    files = {f"content/members/{name}.md": "" for name in "abcdefghijkl"}
    guard = "def middleware(request, next):\n    return next(request)\n"
    (problem,) = problems_of({"content/members/_middleware.py": guard, **files})
    assert problem.file == "content/members/_middleware.py"
    assert "content/members/a.md" in problem.message
    assert problem.message.endswith("and 2 more.")
