"""A body in its layout."""

from __future__ import annotations

import pytest

from isrgen.errors import IsrgenError
from isrgen.render.page import RESERVED, render_page, with_loaded
from isrgen.render.templates import Templates
from isrgen.site.entry import Entry

TEMPLATES = {
    "templates/page.html": "<main>{{ content }}</main>{{ name }}",
    "templates/post.html": "<article>{{ name }}</article>",
    "content/plain.html": "<p>{{ name }}</p>",
    "content/extends.html": '{% extends "page.html" %}',
    "content/document.html": "\n <!DOCTYPE html><p>",
    "content/late.html": "{% if name %}<!doctype html>{% endif %}<p>",
}


@pytest.mark.parametrize(
    ("entry", "html"),
    [
        (Entry("content/a.md", content="<p>&amp;</p>", layout="page.html"), "<main><p>&amp;</p></main>&lt;"),
        (
            Entry("content/a.md", content="<p>&amp;</p>", layout="templates/page.html"),
            "<main><p>&amp;</p></main>&lt;",
        ),
        (Entry("content/a.md", content="<p>", layout=None), "<p>"),
        (Entry("content/a.py", layout="page.html"), "<main></main>&lt;"),
        (
            Entry("content/a.py", template="templates/post.html", layout="page.html"),
            "<article>&lt;</article>",
        ),
        (
            Entry("content/x", template="content/plain.html", layout="page.html"),
            "<main><p>&lt;</p></main>&lt;",
        ),
        (Entry("content/x", template="content/plain.html", layout=None), "<p>&lt;</p>"),
        (Entry("content/x", template="content/extends.html", layout="page.html"), "<main></main>&lt;"),
        (Entry("content/x", template="content/document.html", layout="page.html"), "\n <!DOCTYPE html><p>"),
        (Entry("content/x", template="content/late.html", layout="page.html"), "<!doctype html><p>"),
    ],
)
def test_a_body_is_put_into_its_layout_unless_it_is_a_whole_page(entry, html):
    templates = Templates.from_sources(None, TEMPLATES)
    assert render_page(entry, {"name": "<"}, templates) == html


def test_the_loader_s_names_join_the_others():
    assert with_loaded({"page": 1}, {"post": 2}, "content/a.py") == {"page": 1, "post": 2}


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_a_loader_cannot_give_a_reserved_name(name):
    with pytest.raises(IsrgenError) as caught:
        with_loaded({}, {name: 1, "fine": 2}, "content/a+ssr.py")
    assert str(caught.value).startswith(f"content/a+ssr.py: The loader returns {name!r}, which is a name")


def test_a_loader_s_key_that_is_not_text_is_told():
    with pytest.raises(IsrgenError, match=r"content/a\.py: The loader returns the key 1"):
        with_loaded({}, {1: "x"}, "content/a.py")
