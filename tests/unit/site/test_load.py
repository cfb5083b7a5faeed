"""From files to a site."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from isrgen import config
from isrgen.errors import Problem
from isrgen.site.load import load, open_site
from isrgen.site.model import Site
from isrgen.site.page import Page

LoadSite = Callable[..., Site]
ProblemsOf = Callable[..., tuple[Problem, ...]]
SITES = Path(__file__).parents[2] / "sites"
NOW = datetime(2026, 6, 1, tzinfo=UTC)


def routes(site: Site) -> dict[str, str]:
    return {str(page.pattern): page.source for page in site.pages}


def only(site: Site) -> Page:
    (page,) = site.pages
    return page


def test_not_found_pages_serve_their_part_of_the_site() -> None:
    site = open_site(SITES / "nested-not-found", now=NOW)
    assert [page.not_found for page in site.not_found] == ["/", "/docs/", "/docs/guide/"]


WHEN = [
    ("publish_at: 2026-05-31", True),
    ("publish_at: 2026-06-02", False),
    ("date: 2026-06-02", False),
    ("date: 2026-06-02\npublish_at: 2026-05-01", True),
    ("expires_at: 2026-06-02", True),
    ("expires_at: 2026-06-01", False),
    ("publish_at: 2026-06-01T00:00:00Z", True),
]


@pytest.mark.parametrize(("front_matter", "is_out"), WHEN)
def test_a_page_is_out_from_its_publication_until_it_expires(
    load_site: LoadSite, front_matter: str, is_out: bool
) -> None:
    files = {"content/a.md": f"---\n{front_matter}\n---\n"}
    site = load_site(files)
    assert (len(site.pages), len(site.scheduled)) == ((1, 0) if is_out else (0, 1))
    assert len(load_site(files, future=True).pages) == (0 if "expires_at: 2026-06-01" in front_matter else 1)


def test_drafts_are_out_only_when_asked_for(load_site: LoadSite) -> None:
    files = {"content/a.md": "---\ndraft: true\n---\n", "content/b.md": ""}
    assert list(routes(load_site(files))) == ["/b/"]
    assert [page.source for page in load_site(files).drafts] == ["content/a.md"]
    assert list(routes(load_site(files, drafts=True))) == ["/a/", "/b/"]


def test_problems_of_configuration_and_content_come_together(problems_of: ProblemsOf) -> None:
    files = {
        "isrgen.toml": "titel = 1",
        "content/a+srr.md": "",
        "data/a.json": "{",
        "content/b.py": "(",
        "x": "",
    }
    assert [problem.file for problem in problems_of(files)] == [
        "content/a+srr.md",
        "content/b.py",
        "data/a.json",
        "isrgen.toml",
    ]


def test_two_loads_of_one_tree_are_equal() -> None:
    first, second = (open_site(SITES / "blog", now=NOW) for _ in range(2))
    assert first == second


def test_the_sites_that_others_use_load() -> None:
    for name in ("minimal", "blog", "modes", "nested-not-found", "trailing-never"):
        assert load(config.load(SITES / name), now=NOW).pages
