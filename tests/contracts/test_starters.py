"""What a person gets from ``isrgen new``: sites that build and serve as they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

STARTERS = ("blog", "docs", "minimal")


@pytest.fixture(params=STARTERS)
def site(request: pytest.FixtureRequest, tmp_path: Path, isrgen: Any) -> Path:
    folder = tmp_path / request.param
    made = isrgen("new", folder, "--starter", request.param)
    assert made.returncode == 0, made.stderr
    return folder


def test_it_builds_without_a_warning(site: Path, isrgen: Any) -> None:
    built = isrgen("build", "--site", site, "--strict")
    assert (built.returncode, built.stderr) == (0, "")


def test_every_link_leads_somewhere(site: Path, start: Any, crawl: Any, broken_anchors: Any) -> None:
    pages = crawl(start(site))
    assert {url: page.status for url, page in pages.items() if page.status != 200} == {}
    assert broken_anchors(pages) == []


def test_every_page_is_well_made(site: Path, start: Any, crawl: Any) -> None:
    pages = [page for page in crawl(start(site)).values() if page.text]
    assert [complaint for page in pages for complaint in page.complaints()] == []


def test_it_weighs_little(site: Path, isrgen: Any) -> None:
    isrgen("build", "--site", site)
    files = [path for path in (site / "dist/static").rglob("*") if path.suffix in (".html", ".css", ".js")]
    assert files
    assert {path.name: size for path in files if (size := path.stat().st_size) > 6_000} == {}


def test_it_is_ready_for_git_and_explains_itself(site: Path) -> None:
    ignored = (site / ".gitignore").read_text().split()
    assert {"dist/", ".isrgen/"} <= set(ignored)
    assert len((site / "README.md").read_text().splitlines()) == 5


@pytest.mark.parametrize("site", ["blog"], indirect=True)
def test_the_blog_shows_all_three_strategies(site: Path, isrgen: Any) -> None:
    routes = json.loads(isrgen("routes", "--site", site, "--json").stdout)
    strategies = {route["pattern"]: route["strategy"] for route in routes}
    assert strategies["/"] == strategies["/tags/{tag}/"] == strategies["/notes/{slug}/"] == "ISR"
    assert strategies["/about/"] == strategies["/posts/water-first/"] == "SSG"


@pytest.mark.parametrize("site", ["blog"], indirect=True)
@pytest.mark.parametrize("path", ["/notes/none/", "/tags/none/", "/none/"])
def test_what_the_blog_does_not_have_is_its_own_404(site: Path, start: Any, path: str) -> None:
    reply = start(site).get(path)
    assert reply.status == 404
    assert "<h1>Page not found</h1>" in reply.text


@pytest.mark.parametrize("site", ["docs"], indirect=True)
def test_the_docs_list_their_sections_in_order_of_weight(site: Path, isrgen: Any) -> None:
    isrgen("build", "--site", site)
    page = (site / "dist/static/guide/install/index.html").read_text()
    order = [
        page.index(f'<a href="{url}"')
        for url in ("/guide/install/", "/guide/first-steps/", "/reference/settings/")
    ]
    assert order == sorted(order)
    assert 'href="/guide/install/" aria-current="page"' in page
