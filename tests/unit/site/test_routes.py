"""Who decides about a page, and what the rules give it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from isrgen.caching.policy import CachePolicy, Lifetime
from isrgen.site.load import open_site
from isrgen.site.model import Site
from isrgen.site.page import Page

LoadSite = Callable[..., Site]
SITES = Path(__file__).parents[2] / "sites"
NOW = datetime(2026, 6, 1, tzinfo=UTC)
API = "def GET():\n    return {}\n"


def only(site: Site) -> Page:
    (page,) = site.pages
    return page


MODES = {
    "/api/kept": ("API", "the file suffix +api, and its own cache"),
    "/api/plain": ("API", "the file suffix +api"),
    "/by-default/": ("SSR", "default_mode = 'ssr'"),
    "/folder/inner/page/": ("SSR", "the folder inner+ssr"),
    "/folder/over-front-matter/": ("SSG", "the folder folder+ssg"),
    "/folder/own/": ("SSR", "the file suffix +ssr"),
    "/folder/page/": ("SSG", "the folder folder+ssg"),
    "/front-matter/": ("SSG", "mode: ssg in the front matter"),
    "/hooks/build": ("API", "the folder hooks+api"),
    "/kept/by-rule/": ("ISR", "default_mode = 'ssr', and the cache of the rule for /kept/*"),
    "/kept/private/": ("SSR", "default_mode = 'ssr'"),
    "/module/": ("ISR", "the file suffix +ssr, and its own cache"),
    "/ruled/own/": ("SSR", "mode: ssr in the front matter"),
    "/ruled/page/": ("SSG", "the rule for /ruled/**"),
    "/suffix/isr/": ("ISR", "the file suffix +ssr, and its own cache"),
    "/suffix/over-front-matter/": ("SSG", "the file suffix +ssg"),
    "/suffix/ssg/": ("SSG", "the file suffix +ssg"),
    "/suffix/ssr/": ("SSR", "the file suffix +ssr"),
}


def test_every_authority_decides_where_the_stronger_ones_are_silent() -> None:
    site = open_site(SITES / "modes", now=NOW)
    assert {str(page.pattern): (page.strategy.value, page.because) for page in site.pages} == MODES


def test_each_key_of_the_rules_comes_from_the_first_that_sets_it(load_site: LoadSite) -> None:
    config_text = """
[[rules]]
path = "/a/**"
cache = { s-maxage = 60, tags = ["all", "one:{slug}"] }

[[rules]]
path = "/**"
mode = "ssr"
cache = "daily"
headers = { X-A = "rule", X-B = "rule" }
"""
    own = "---\nheaders: {x-a: own}\n---\n"
    site = load_site({"isrgen.toml": config_text, "content/a/b.md": own, "content/a/[slug].md": ""})
    fixed, dynamic = site.pages
    assert fixed.policy == CachePolicy(Lifetime(60), ("all",))
    assert dynamic.policy == CachePolicy(Lifetime(60), ("all", "one:{slug}"))
    assert fixed.headers == (("X-B", "rule"), ("x-a", "own"))


def test_a_cache_in_the_rules_is_ignored_by_ssg_pages(load_site: LoadSite) -> None:
    page = only(load_site({"isrgen.toml": '[[rules]]\npath = "/**"\ncache = "daily"', "content/a.md": ""}))
    assert page.policy == CachePolicy()
    assert page.because == "default_mode = 'ssg'"
