"""The configuration: where it is found, what each key means, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from isrgen import config
from isrgen.caching.policy import CachePolicy, Lifetime
from isrgen.errors import IsrgenError
from isrgen.routing.pattern import Pattern
from isrgen.routing.strategy import Mode

MakeSite = Callable[..., Path]

WHOLE = """
title = "My site"
base_url = "https://example.org/docs/"
language = "de"
default_mode = "ssr"
trailing_slash = "never"
not_found_ttl = "5m"
render_timeout = 2.5
strict = true

[[rules]]
path = "/blog/**"
mode = "ssg"
cache = "news"
headers = { X-Robots-Tag = "noindex" }

[[redirects]]
from = "/old/[slug]/"
to = "/blog/[slug]/"
status = 301

[markdown]
html = false
typographer = true

[cache.presets]
news = { s-maxage = "1m", stale-while-revalidate = "10m" }
never = "private, no-store"

[server]
trusted_proxies = ["10.0.0.0/8", "::1"]
include = ["data/app.db"]

[targets.vercel]
project = "my-site"

[extra]
author = "Ada"
"""


def test_a_site_without_configuration_has_the_defaults(make_site: MakeSite) -> None:
    found = config.load(make_site({}))
    assert (found.file, found.title, found.language) == ("", "", "en")
    assert (found.default_mode, found.trailing_slash) == (Mode.SSG, True)
    assert (found.not_found_ttl, found.render_timeout, found.strict) == (60, 10.0, False)


def test_every_key_of_the_contract_is_read(make_site: MakeSite) -> None:
    found = config.load(make_site({"isrgen.toml": WHOLE}))
    assert found.file == "isrgen.toml"
    assert (found.title, found.base_url, found.language) == ("My site", "https://example.org/docs", "de")
    assert (found.default_mode, found.trailing_slash, found.strict) == (Mode.SSR, False, True)
    assert (found.not_found_ttl, found.render_timeout) == (300, 2.5)
    news = Lifetime(60, 600)
    headers = (("X-Robots-Tag", "noindex"),)
    assert found.rules == (config.Rule("/blog/**", Mode.SSG, CachePolicy(news), headers),)
    (redirect,) = found.redirects
    assert (redirect.source, redirect.to) == (Pattern.parse("/old/[slug]/"), "/blog/[slug]/")
    assert (redirect.status, redirect.line) == (301, 18)
    assert found.markdown == config.MarkdownConfig("markdown-it", html=False, typographer=True)
    assert found.presets["news"] == news
    assert found.presets["never"] is None
    assert found.presets["hourly"] == Lifetime(3600, 86400)
    assert found.trusted_proxies == ("10.0.0.0/8", "::1")
    assert found.include == ("data/app.db",)
    assert found.targets == {"vercel": {"project": "my-site"}}
    assert found.extra == {"author": "Ada"}


def test_the_configuration_may_live_in_pyproject(make_site: MakeSite) -> None:
    found = config.load(make_site({"pyproject.toml": '[project]\nname = "x"\n[tool.isrgen]\ntitle = "T"\n'}))
    assert (found.file, found.title) == ("pyproject.toml", "T")


def test_a_pyproject_of_something_else_is_left_alone(make_site: MakeSite) -> None:
    found = config.load(
        make_site({"isrgen.toml": 'title = "T"', "pyproject.toml": "[project]\nname = 'x'\n"})
    )
    assert found.file == "isrgen.toml"
    broken = config.load(make_site({"isrgen.toml": 'title = "T"', "pyproject.toml": "not toml"}))
    assert broken.title == "T"


def test_two_configurations_are_an_error_that_names_both(make_site: MakeSite) -> None:
    root = make_site({"isrgen.toml": 'title = "A"', "pyproject.toml": "[tool.isrgen]\n"})
    with pytest.raises(IsrgenError, match=r"isrgen\.toml.*pyproject\.toml"):
        config.load(root)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(IsrgenError, match="nowhere"):
        config.load(tmp_path / "nowhere")


def test_problems_are_collected_and_what_is_sound_is_still_read(make_site: MakeSite) -> None:
    text = 'titel = "A"\nlanguage = "fr"\nstrict = "no"\n[[rules]]\npath = "blog"\n'
    found, problems = config.read(make_site({"isrgen.toml": text}))
    assert found.language == "fr"
    assert [problem.line for problem in problems] == [1, 3, 5]


def test_a_file_that_is_not_utf_8_is_a_problem(make_site: MakeSite) -> None:
    with pytest.raises(IsrgenError, match="not UTF-8"):
        config.load(make_site({"isrgen.toml": b'title = "\xff"'}))


@pytest.mark.parametrize(
    "url", ["example.org", "ftp://example.org", "https://", "https://e.org/?a=b", "http://["]
)
def test_a_base_url_that_is_none_is_refused(make_site: MakeSite, url: str) -> None:
    with pytest.raises(IsrgenError, match="address of a site"):
        config.load(make_site({"isrgen.toml": f'base_url = "{url}"'}))


@pytest.mark.parametrize("path", ["../x.db", "/etc/passwd", "a/../../b", "a\\\\b", ""])
def test_files_outside_the_site_cannot_be_included(make_site: MakeSite, path: str) -> None:
    with pytest.raises(IsrgenError, match="outside the site"):
        config.load(make_site({"isrgen.toml": f'[server]\ninclude = ["{path}"]'}))


def test_links_that_a_check_passes_over_are_listed(make_site: MakeSite) -> None:
    site = make_site({"isrgen.toml": '[check]\nignore = ["/old/*", "https://flaky.example/*"]\n'})
    assert config.load(site).ignored_links == ("/old/*", "https://flaky.example/*")
    with pytest.raises(IsrgenError, match=r"isrgen.toml:2: There is no key called `check.ignored`"):
        config.load(make_site({"isrgen.toml": '[check]\nignored = ["/old/*"]\n'}))
