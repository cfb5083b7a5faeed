"""The files of one page, and the page they make."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from isrgen.caching.policy import Lifetime
from isrgen.site.model import Site
from isrgen.site.page import Kind, Page

LoadSite = Callable[..., Site]
API = "def GET():\n    return {}\n"
LOADER = "def loader():\n    return {}\n"


def routes(site: Site) -> dict[str, str]:
    return {str(page.pattern): page.source for page in site.pages}


def only(site: Site) -> Page:
    (page,) = site.pages
    return page


# Section 2 of the contract: file below content/ -> route.
ROUTES = [
    ("index.md", "/"),
    ("about.md", "/about/"),
    ("blog/index.md", "/blog/"),
    ("blog/2026-03-01-tea.md", "/blog/tea/"),
    ("blog/2026-03-01-tea/index.md", "/blog/tea/"),
    ("blog/[slug]+ssr.html", "/blog/{slug}/"),
    ("docs/[...path]+ssr.html", "/docs/**"),
    ("(marketing)/pricing.md", "/pricing/"),
    ("(a)/(b)/index.md", "/"),
    ("dashboard+ssr/index.html", "/dashboard/"),
    ("dashboard+ssr/settings/mail.html", "/dashboard/settings/mail/"),
    ("[lang]+ssr/about.md", "/{lang}/about/"),
    ("index+ssr.md", "/"),
]


@pytest.mark.parametrize(("file", "route"), ROUTES)
def test_a_file_has_the_route_of_the_contract(load_site: LoadSite, file: str, route: str) -> None:
    assert routes(load_site({f"content/{file}": "text"})) == {route: f"content/{file}"}


@pytest.mark.parametrize(
    ("file", "route"),
    [("api/posts+api.py", "/api/posts"), ("hooks+api/build.py", "/hooks/build"), ("index+api.py", "/")],
)
def test_api_routes_have_no_slash(load_site: LoadSite, file: str, route: str) -> None:
    page = only(load_site({f"content/{file}": API}))
    assert (str(page.pattern), page.kind, page.methods) == (route, Kind.API, ("GET",))


def test_urls_are_percent_encoded_and_empty_where_there_are_parameters(load_site: LoadSite) -> None:
    site = load_site({"content/café au lait.md": "a", "content/x/[slug]+ssr.md": "b"})
    assert [page.url for page in site.pages] == ["/caf%C3%A9%20au%20lait/", ""]


def test_without_trailing_slashes_urls_end_in_their_last_segment(load_site: LoadSite) -> None:
    site = load_site(
        {"isrgen.toml": 'trailing_slash = "never"', "content/index.md": "a", "content/b/index.md": "b"}
    )
    assert [page.url for page in site.pages] == ["/", "/b"]


def test_names_that_begin_with_an_underscore_or_a_dot_are_no_routes(load_site: LoadSite) -> None:
    site = load_site(
        {
            "content/_lib/posts.py": "def get_post(): ...\n",
            "content/_draft.md": "a",
            "content/.hidden.md": "b",
            "content/.git/index.md": "c",
            "content/__pycache__/a.md": "d",
            "content/index.md": "e",
        }
    )
    assert routes(site) == {"/": "content/index.md"}
    assert site.files == ()
    assert site.python == ("content/_lib/posts.py",)


def test_pages_stand_in_the_order_of_match(load_site: LoadSite) -> None:
    names = ["[...rest]+ssr", "[x]+ssr", "b", "a", "blog/[slug]+ssr", "blog/about"]
    site = load_site({f"content/{name}.md": "text" for name in names})
    assert list(routes(site)) == ["/a/", "/b/", "/blog/about/", "/blog/{slug}/", "/{x}/", "/**"]


def test_a_page_with_a_body_takes_the_module_of_its_name(load_site: LoadSite) -> None:
    module = "dynamic_params = False\ndef static_params():\n    return []\n" + LOADER
    page = only(load_site({"content/[a]+ssr.html": "<p>", "content/[a]+ssr.py": module}))
    assert (page.kind, page.module) == (Kind.TEMPLATE, "content/[a]+ssr.py")
    assert (page.has_static_params, page.dynamic_params) == (True, False)


def test_a_module_alone_is_a_page_by_its_suffix_or_its_loader(load_site: LoadSite) -> None:
    files = {"content/a+ssr.py": 'template = "a.html"\n', "content/b.py": LOADER, "templates/a.html": ""}
    site = load_site(files)
    assert [(page.kind, page.meta.template) for page in site.pages] == [
        (Kind.MODULE, "a.html"),
        (Kind.MODULE, None),
    ]


def test_the_literals_of_a_module_serve_as_its_front_matter(load_site: LoadSite) -> None:
    text = 'title = "A"\ndate = "2026-03-01"\nhero = "x.jpg"\nSECRET = "s"\n_own = 1\ncache = "hourly"\n'
    page = only(load_site({"content/a+ssr.py": text + LOADER}))
    assert (page.meta.title, page.meta.date) == ("A", datetime(2026, 3, 1, tzinfo=UTC))
    assert page.meta.extra == {"hero": "x.jpg"}
    assert page.policy.lifetime == Lifetime(3600, 86400)


def test_everything_in_front_matter_is_read(load_site: LoadSite) -> None:
    text = """---
title: Tea
description: About tea
date: 2026-03-01
updated: 2026-03-02T10:00:00Z
tags: [drinks, 2026, drinks]
weight: 5
sitemap: false
headers: {X-Robots-Tag: noindex}
markdown: {typographer: true}
author: Ada
---
Text
"""
    page = only(load_site({"content/2025-01-01-tea.md": text}))
    meta = page.meta
    assert (meta.title, meta.description, meta.weight, meta.sitemap) == ("Tea", "About tea", 5, False)
    assert meta.date == datetime(2026, 3, 1, tzinfo=UTC)
    assert meta.updated == datetime(2026, 3, 2, 10, tzinfo=UTC)
    assert meta.tags == ("drinks", "2026")
    assert page.headers == (("X-Robots-Tag", "noindex"),)
    assert meta.markdown == {"typographer": True}
    assert meta.extra == {"author": "Ada"}
    assert (page.body, page.body_line) == ("Text\n", 13)


@pytest.mark.parametrize("file", ["2026-03-01-tea.md", "2026-03-01-tea/index.md"])
def test_the_date_may_stand_in_the_name(load_site: LoadSite, file: str) -> None:
    assert only(load_site({f"content/{file}": "a"})).meta.date == datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("permalink", "url"),
    [("/news/tea/", "/news/tea/"), ("/news/tea", "/news/tea/"), ("/", "/"), ("/feed.xml", "/feed.xml")],
)
def test_a_permalink_is_the_route(load_site: LoadSite, permalink: str, url: str) -> None:
    page = only(load_site({"content/a.md": f"---\npermalink: {permalink}\n---\n"}))
    assert (page.url, str(page.pattern)) == (url, url)
