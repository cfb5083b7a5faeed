"""A small site, made without files, that links and shortcodes can be tried on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from isrgen.config import Config
from isrgen.render.links import Links
from isrgen.render.markup import Markup, render_markdown
from isrgen.render.templates import Templates
from isrgen.routing.pattern import Pattern
from isrgen.routing.strategy import Strategy
from isrgen.site.model import Site
from isrgen.site.page import CopiedFile, FrontMatter, Kind, Page

SHORTCODES = {
    "templates/shortcodes/figure.html": '<img src="{{ src }}" alt="{{ args.alt }}">',
    "templates/shortcodes/note.html": '<div class="{{ kind or "note" }}">{{ content }}</div>',
    "templates/shortcodes/kbd.html": "<kbd>{{ content }}</kbd>",
    "templates/shortcodes/box.html": '{% include "partials/box.html" %}',
    "templates/partials/box.html": "<section>{{ content }}</section>",
    "templates/shortcodes/about.html": "<i>{{ page.title }} of {{ site.title }}, {{ args[0] }}</i>",
    "templates/shortcodes/latest.html": "{% for each in site.pages %}{{ each.title }};{% endfor %}",
    "templates/shortcodes/broken.html": "<b>\n{{ 1 // 0 }}</b>",
}


def page_at(source: str, url: str, body: str = "", line: int = 1, **more: Any) -> Page:
    """A Markdown page; a ``url`` with parameters makes a page without a URL of its own."""
    pattern = Pattern.parse(url)
    own = url if pattern.is_static else ""
    section = source.split("/")[1] if source.count("/") > 1 else ""
    return Page(
        source,
        Kind.MARKDOWN,
        pattern,
        own,
        Strategy.SSG,
        "",
        body=body,
        body_line=line,
        section=section,
        **more,
    )


class Desk:
    """The site around one page, ``content/blog/a.md``, whose Markdown begins on line 5."""

    def __init__(self, base_url: str = "https://example.org", config: Config | None = None) -> None:
        self.config = config or Config(Path("/nowhere"), title="Teas", base_url=base_url)
        self.templates = Templates.from_sources(None, SHORTCODES)

    def site(self, page: Page) -> Site:
        return Site(
            config=self.config,
            pages=(
                page,
                page_at("content/index.md", "/"),
                page_at("content/blog/index.md", "/blog/"),
                page_at("content/blog/2026-03-01-tea.md", "/blog/tea/", meta=FrontMatter(title="Tea")),
                page_at("content/blog/[slug]+ssr.html", "/blog/[slug]/"),
                page_at("content/docs/[...path]+ssr.html", "/docs/[...path]"),
                page_at("content/dashboard+ssr/index.html", "/dashboard/"),
                page_at("content/caf\u00e9+ssg.md", "/caf%C3%A9/"),
            ),
            drafts=(page_at("content/blog/secret.md", "/blog/secret/"),),
            files=(
                CopiedFile("content/blog/x.jpg", "blog/x.jpg"),
                CopiedFile("content/blog/two words.pdf", "blog/two words.pdf"),
                CopiedFile("static/logo.svg", "logo.svg"),
            ),
        )

    def render(self, text: str, **more: Any) -> Markup:
        page = page_at("content/blog/a.md", "/blog/a/", text, 5, **({"meta": FrontMatter(title="A")} | more))
        site = self.site(page)
        return render_markdown(page, site, Links(site), self.templates)


@pytest.fixture
def desk() -> Desk:
    return Desk()
