"""Old paths that lead to new ones."""

from __future__ import annotations

from collections.abc import Callable

from isrgen.errors import Problem
from isrgen.site.model import Site

LoadSite = Callable[..., Site]
ProblemsOf = Callable[..., tuple[Problem, ...]]


def routes(site: Site) -> dict[str, str]:
    return {str(page.pattern): page.source for page in site.pages}


def test_old_paths_lead_to_new_ones(load_site: LoadSite) -> None:
    site = load_site(
        {
            "isrgen.toml": '[[redirects]]\nfrom = "/a/[x]/"\nto = "/b/[x]/"\nstatus = 302',
            "content/tea.md": "---\naliases: [/cha/]\n---\n",
            "content/blog/[slug]+ssr.md": "---\naliases: ['/posts/[slug]/']\n---\n",
            "content/gone.md": "---\nredirect: /tea/\n---\n",
        }
    )
    assert sorted((str(r.source), r.to, r.status) for r in site.redirects) == [
        ("/a/{x}/", "/b/[x]/", 302),
        ("/cha/", "/tea/", 308),
        ("/gone/", "/tea/", 308),
        ("/posts/{slug}/", "/blog/[slug]/", 308),
    ]
    assert [page.source for page in site.moved] == ["content/gone.md"]
    assert "/gone/" not in routes(site)


def test_both_spellings_of_a_parameter_lead_to_one_redirect(load_site: LoadSite) -> None:
    text = '[[redirects]]\nfrom = "/a/{x}/"\nto = "/b/{x}/"'
    (redirect,) = load_site({"isrgen.toml": text}).redirects
    assert (str(redirect.source), redirect.to) == ("/a/{x}/", "/b/[x]/")


def test_a_circle_is_found_however_long_it_is(problems_of: ProblemsOf) -> None:
    pairs = [("a", "b"), ("b", "c"), ("c", "a"), ("d", "a")]
    text = "".join(f'[[redirects]]\nfrom = "/{old}/"\nto = "/{new}/"\n' for old, new in pairs)
    assert [problem.line for problem in problems_of({"isrgen.toml": text})] == [2, 5, 8]
