"""Which template a page is put into."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from isrgen.site.model import Site
from isrgen.site.page import Page

LoadSite = Callable[..., Site]


def only(site: Site) -> Page:
    (page,) = site.pages
    return page


LAYOUTS = [
    ("content/a.md", "", "page.html"),
    ("content/docs/a.md", "", "docs/page.html"),
    ("content/docs/deep/er/a.md", "", "docs/page.html"),
    ("content/docs/[x]+ssr.html", "", "docs/page.html"),
    ("content/(group)/docs/2026-01-01-x/index.md", "", "docs/page.html"),
    ("content/a.md", "layout: post.html", "post.html"),
    ("content/docs/a.md", "layout: none", None),
    ("content/docs/a.md", "layout: false", None),
    ("content/docs/a.md", "layout: ~", None),
]


@pytest.mark.parametrize(("file", "front_matter", "layout"), LAYOUTS)
def test_the_nearest_layout_is_taken(
    load_site: LoadSite, file: str, front_matter: str, layout: str | None
) -> None:
    templates = {f"templates/{name}": "" for name in ("page.html", "docs/page.html", "post.html")}
    page = only(load_site({file: f"---\n{front_matter}\n---\n", **templates}))
    assert page.layout == layout


def test_a_site_without_templates_has_no_layouts(load_site: LoadSite) -> None:
    assert only(load_site({"content/a.md": ""})).layout is None
