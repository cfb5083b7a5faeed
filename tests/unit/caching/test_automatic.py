"""Automatic tags by name."""

from __future__ import annotations

import pytest

from isrgen.caching.automatic import changed_data_tags, changed_page_tags, coalesced


def test_a_changed_page_purges_whatever_may_have_read_it() -> None:
    assert changed_page_tags("/blog/tea/", "content/blog/tea.md", "blog", ["green"]) == (
        *("page:/blog/tea", "page:/blog/tea/", "page:content/blog/tea.md", "collection:blog"),
        *("term:tags/green", "template:content/blog/tea.md", "site:pages"),
    )
    assert changed_page_tags("", "content/[x]+ssr.html") == (
        *("page:content/[x]+ssr.html", "template:content/[x]+ssr.html", "site:pages"),
    )


@pytest.mark.parametrize(
    ("file", "name"), [("menu.toml", "menu"), ("teams/red.toml", "teams"), ("a.b.json", "a.b")]
)
def test_a_changed_data_file_purges_the_name_that_templates_read(file: str, name: str) -> None:
    assert changed_data_tags(file) == (f"data:{name}", "site:data")


@pytest.mark.parametrize("tag", ["page:/", "page:content/a.md", "collection:blog", "term:tags/a", "own"])
def test_only_a_page_by_its_url_is_coalesced(tag: str) -> None:
    assert coalesced(tag) == tag
