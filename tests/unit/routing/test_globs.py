"""Globs of rules."""

from __future__ import annotations

import pytest

from isrgen.routing.globs import Glob

MATCHES = [
    ("/**", ["/", "/a/", "/a/b/", "/docs/**", "/api/posts"], []),
    ("/", ["/"], ["/a/"]),
    ("/*", ["/a/", "/{slug}/"], ["/", "/a/b/", "/**"]),
    ("/blog/**", ["/blog/", "/blog", "/blog/{slug}/", "/blog/a/b/"], ["/blogs/", "/", "/a/blog/"]),
    ("/blog/*/", ["/blog/tea", "/blog/{slug}/"], ["/blog/", "/blog/a/b/", "/blog/**"]),
    ("/**/edit", ["/edit/", "/a/b/edit/"], ["/edit/a/"]),
    ("/blog/[slug]/", ["/blog/{slug}/"], ["/blog/{id}/", "/blog/slug/"]),
    ("/docs/[...path]/", ["/docs/**"], ["/docs/"]),
    ("/a.b/", ["/a.b/"], ["/axb/"]),
]


@pytest.mark.parametrize(("glob", "inside", "outside"), MATCHES, ids=lambda value: str(value)[:20])
def test_a_glob_covers_what_it_says(glob: str, inside: list[str], outside: list[str]) -> None:
    parsed = Glob.parse(glob)
    assert [path for path in inside if not parsed.matches(path)] == []
    assert [path for path in outside if parsed.matches(path)] == []


@pytest.mark.parametrize("glob", ["", "blog/**", "/2026-*/", "/a**/"])
def test_a_glob_that_mixes_stars_with_text_is_refused(glob: str) -> None:
    with pytest.raises(ValueError, match=" "):
        Glob.parse(glob)
