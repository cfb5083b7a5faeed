"""Cache tags."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isrgen.caching.invalidation import (
    MAX_CDN_TAGS,
    MAX_TAGS,
    cdn_purge_tags,
    cdn_tags,
    concerns,
    expand,
    path_tag,
    placeholders,
    portable,
    purge_tags,
    tags_of,
)

GRAMMAR = re.compile(r"[a-z0-9._:/-]{1,128}")


@given(st.text(max_size=200))
def test_every_tag_becomes_portable_and_stays_so(tag: str) -> None:
    once = portable(tag)
    assert GRAMMAR.fullmatch(once)
    assert portable(once) == once


@pytest.mark.parametrize(("tag", "expected"), [("blog", "blog"), ("Post:Tea", "post:tea"), (" a/b ", "a/b")])
def test_a_tag_in_the_grammar_is_only_folded(tag: str, expected: str) -> None:
    assert portable(tag) == expected


def test_tags_that_differ_stay_apart_when_hashed() -> None:
    assert portable("a b") != portable("a,b")
    assert portable("x" * 129).startswith("hash:")


def test_a_routes_tags_take_the_pages_parameters() -> None:
    assert placeholders("post:{slug}/{n}") == ("slug", "n")
    assert expand("post:{slug}", {"slug": "tea"}) == "post:tea"
    assert expand("docs:{path}", {"path": ["a", "b"]}) == "docs:a/b"
    assert expand("post:{nobody}", {}) == "post:{nobody}"
    assert tags_of(["Blog", "post:{slug}"], {"slug": "Tea"}, ["blog", " ", "x"]) == ("blog", "post:tea", "x")


def test_a_value_is_not_expanded_again() -> None:
    assert expand("post:{slug}", {"slug": "{slug}"}) == "post:{slug}"


def test_a_cdn_gets_all_the_path_and_the_pages_own() -> None:
    assert cdn_tags(["a", "all", "a"], "/Blog/") == ("all", "path:/blog/", "a")
    assert path_tag("/caf%C3%A9/").startswith("hash:")


def test_a_cdn_is_told_of_collections_in_place_of_the_pages_that_were_looked_up() -> None:
    tags = ["own", "page:/blog/a/", "page:/blog/b/", "page:/blog/c/", "page:/", "data:menu"]
    sent = cdn_tags(tags, "/blog/a/")
    assert sent == ("all", "path:/blog/a/", "own", "page:/blog/a/", "collection:blog", "page:/", "data:menu")
    for tag in tags:
        assert set(cdn_purge_tags(tag)) & set(sent)


def test_a_stored_page_has_few_enough_tags_and_every_purge_still_finds_it() -> None:
    automatic = [f"page:/p/{number}/" for number in range(3000)]
    kept = tags_of(["own"], {}, ["added"], automatic)
    assert len(kept) == len(set(kept)) <= MAX_TAGS
    assert kept[:3] == ("own", "added", "page:/p/0/")
    for tag in ("own", "added", *automatic):
        assert set(purge_tags(tag)) & set(kept)
    sent = cdn_tags(kept, "/a/")
    for tag in automatic:
        assert set(cdn_purge_tags(tag)) & set(sent)
    assert purge_tags("all") == ("all",)


@given(st.lists(st.integers(0, 300), max_size=300))
def test_at_most_fifty_tags_reach_a_cdn_and_every_purge_still_finds_its_pages(numbers: list[int]) -> None:
    tags = [f"t{number}" for number in numbers]
    sent = cdn_tags(tags, "/a/")
    assert len(sent) == len(set(sent)) <= MAX_CDN_TAGS
    for tag in tags:
        assert set(cdn_purge_tags(tag)) & set(sent)
    assert "all" in sent


@pytest.mark.parametrize(
    ("key", "purged", "hit"),
    [("/a/", "/a/", True), ("/a/?p=1", "/a/", True), ("/a/b/", "/a/", False), ("/a", "/a/", False)],
)
def test_a_purge_of_a_path_concerns_its_queries(key: str, purged: str, hit: bool) -> None:
    assert concerns(key=key, tags=(), purged_key=purged) is hit


def test_a_purge_of_all_concerns_everything() -> None:
    assert concerns(key="/a", tags=(), purged_tag="all")
    assert concerns(key="/a", tags=("t",), purged_tag="t")
    assert not concerns(key="/a", tags=("t",), purged_tag="u")
