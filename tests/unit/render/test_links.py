"""Links of a site that changes, and of a site that is large."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from isrgen.config import Config
from isrgen.render.links import Links
from isrgen.routing.pattern import Pattern
from isrgen.routing.strategy import Strategy
from isrgen.site.model import Site
from isrgen.site.page import CopiedFile, Kind, Page


def page_at(url: str) -> Page:
    return Page(f"content{url.rstrip('/')}.md", Kind.MARKDOWN, Pattern.parse(url), url, Strategy.SSG, "")


SITE = Site(Config(Path("/nowhere"), base_url="https://example.org"), pages=(page_at("/a/"), page_at("/b/")))


def test_the_digest_changes_with_whatever_a_link_can_lead_to():
    sites = [
        SITE,
        replace(SITE, pages=SITE.pages[:1]),
        replace(SITE, pages=(SITE.pages[0], replace(SITE.pages[1], url="/c/"))),
        replace(SITE, files=(CopiedFile("content/x.jpg", "x.jpg"),)),
        replace(SITE, config=replace(SITE.config, base_url="https://example.org/docs")),
    ]
    assert len({Links(site).digest for site in sites}) == len(sites)


def test_the_digest_does_not_change_with_the_text_of_pages():
    other = replace(SITE, pages=(replace(SITE.pages[0], body="new"), SITE.pages[1]))
    assert Links(SITE).digest == Links(other).digest


def test_a_page_that_only_redirects_can_be_linked_to():
    links = Links(replace(SITE, moved=(page_at("/old/"),)))
    assert links.find(SITE.pages[0], "old.md").url == "/old/"


def test_a_file_that_is_there_but_no_page_is_told_apart(tmp_path):
    (tmp_path / "content").mkdir()
    (tmp_path / "content/_notes.md").write_text("x")
    links = Links(replace(SITE, config=replace(SITE.config, root=tmp_path)))
    assert links.find(SITE.pages[0], "_notes.md").hint == (
        "content/_notes.md is there, but it is neither a page nor a file beside one."
    )


def test_without_slashes_at_the_end_urls_are_canonical_too():
    pages = (replace(page_at("/a/"), url="/a", pattern=Pattern.parse("/a")), page_at("/b/"))
    assert Links(replace(SITE, pages=pages)).find(pages[1], "/a/#x").url == "/a#x"
