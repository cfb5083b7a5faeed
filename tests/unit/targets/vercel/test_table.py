"""Which output a request reaches: tables of requests, through a model of Vercel's routing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from isrgen.caching.policy import CachePolicy, Lifetime
from isrgen.manifest import Manifest, OutputFile, Redirect, Route
from isrgen.routing.pattern import Pattern
from isrgen.routing.strategy import Strategy

# path, what else the request has, what it reaches: an output, or a status with a location
ALWAYS = [
    ("/", {}, "index.html"),
    ("/about/", {}, "about/index.html"),
    ("/about", {}, "308 /about/"),
    ("/about", {"query": "a=1"}, "308 /about/?a=1"),
    ("/about/index.html", {}, "308 /about/"),
    ("/index.html", {}, "308 /"),
    ("/caf%C3%A9%20v1.2/", {}, "café v1.2/index.html"),
    ("/caf%c3%a9%20v1.2", {}, "308 /caf%c3%a9%20v1.2/"),
    ("/robots.txt", {}, "robots.txt"),
    ("/CNAME", {}, "CNAME"),
    ("/nope", {}, "404 404.html"),
    ("/nope/", {}, "404 404.html"),
    ("/About/", {}, "404 404.html"),
    ("/blog/tea/", {}, "_isr/blog__slug"),
    ("/blog/tea/", {"method": "HEAD"}, "_isr/blog__slug"),
    ("/blog/tea", {}, "308 /blog/tea/"),
    ("/blog/tea", {"query": "page=2"}, "308 /blog/tea/?page=2"),
    ("/blog/v1.2", {}, "308 /blog/v1.2/"),
    ("/blog/tea/", {"method": "POST"}, "__server"),
    ("/blog/tea/", {"method": "DELETE"}, "__server"),
    ("/blog/tea/", {"method": "PROPFIND"}, "__server"),
    ("/blog/tea/", {"cookies": ("session",)}, "__server"),
    ("/blog/tea/", {"cookies": ("theme",)}, "_isr/blog__slug"),
    ("/blog/tea/", {"cookies": ("__isrgen_draft",)}, "__server"),
    ("/docs/", {"cookies": ("__isrgen_draft",)}, "__server"),
    ("/blog/tea/", {"headers": {"Authorization": "x"}}, "__server"),
    ("/blog/tea/", {"query": "__isr_path=/blog/other/"}, "__server"),
    ("/blog/tea/", {"query": "__isr_bypass=1"}, "__server"),
    ("/blog/a%2Fb/", {}, "404 404.html"),
    ("/blog/a%5Cb/", {}, "404 404.html"),
    ("/blog/a%0d%0aX-Evil:1/", {}, "404 404.html"),
    ("/blog/a%00/", {}, "404 404.html"),
    ("/blog/feed", {}, "__server"),
    ("/blog/feed/", {}, "308 /blog/feed"),
    ("/docs/", {}, "_isr/docs__path"),
    ("/docs/a/b/", {}, "_isr/docs__path"),
    ("/docs/a/b", {}, "308 /docs/a/b/"),
    ("/docs", {}, "308 /docs/"),
    ("/docs/a%2Fb/", {}, "404 docs/404.html"),
    ("/docs/map.png", {}, "docs/map.png"),
    ("/guides/tea/", {}, "_isr/guides__name/tea"),
    ("/guides/tea/", {"method": "POST"}, "__server"),
    ("/guides/v1.2/", {}, "_isr/guides__name"),
    ("/guides/teas/", {}, "_isr/guides__name"),
    ("/guides/tea", {}, "308 /guides/tea/"),
    ("/_isr/guides__name/tea", {}, "404 404.html"),
    ("/news/", {"cookies": ("admin",)}, "__server"),
    ("/news/", {"cookies": ("session",)}, "__server"),
    ("/docs/", {"cookies": ("session",)}, "_isr/docs__path"),
    ("/langs/", {}, "__server"),
    ("/mine/", {}, "__server"),
    ("/account/", {}, "__server"),
    ("/account", {}, "308 /account/"),
    ("/api/posts", {}, "_isr/api__posts"),
    ("/api/posts", {"method": "POST"}, "__server"),
    ("/api/posts/", {}, "308 /api/posts"),
    ("/api/things/7", {}, "__server"),
    ("/api/things/7", {"method": "DELETE"}, "__server"),
    ("/api/things/7/", {}, "308 /api/things/7"),
    ("/api/other", {}, "404 404.html"),
    ("/_isr/blog__slug", {"query": "__isr_path=/blog/tea/"}, "404 404.html"),
    ("/_isr/blog__slug/", {}, "404 404.html"),
    ("/__server", {}, "404 404.html"),
    ("/_isrgen/health", {}, "__server"),
    ("/old/tea/", {}, "308 /blog/tea/"),
    ("/old/tea", {"query": "a=1"}, "308 /blog/tea/?a=1"),
    ("/old/special", {}, "301 /about/"),
    ("/old/a%0d%0aX-Evil:%201/", {}, "404 404.html"),
    ("/moved/", {}, "302 /docs/"),
    ("/moved/a/b/", {}, "302 /docs/a/b/"),
    ("/moved//evil.example/", {}, "404 404.html"),
    ("//evil.example/about", {}, "404 404.html"),
    ("/\\evil.example", {}, "404 404.html"),
]

NEVER = [
    ("/", {}, "index.html"),
    ("/about", {}, "about.html"),
    ("/about/", {}, "308 /about"),
    ("/about.html", {}, "404 404.html"),
    ("/caf%C3%A9%20v1.2", {}, "café v1.2.html"),
    ("/blog/tea", {}, "_isr/blog__slug"),
    ("/blog/tea/", {"query": "page=2"}, "308 /blog/tea?page=2"),
    ("/blog/tea", {"cookies": ("session",)}, "__server"),
    ("/docs", {}, "_isr/docs__path"),
    ("/docs/a/b", {}, "_isr/docs__path"),
    ("/docs/", {}, "308 /docs"),
    ("/docs/x%2Fy", {}, "404 docs/404.html"),
    ("/api/posts/", {}, "308 /api/posts"),
]


def _shown(reached: Any) -> str:
    if reached.location:
        return f"{reached.status} {reached.location}"
    return reached.output if reached.status == 200 else f"{reached.status} {reached.output}"


@pytest.mark.parametrize(("path", "more", "expected"), ALWAYS)
def test_a_request_reaches_its_output_with_slashes(
    path: str,
    more: dict[str, Any],
    expected: str,
    manifest: Manifest,
    edge: Callable[..., Any],
    model: ModuleType,
) -> None:
    assert _shown(edge(manifest).reach(model.Ask(path, **more))) == expected


@pytest.mark.parametrize(("path", "more", "expected"), NEVER)
def test_a_request_reaches_its_output_without_slashes(
    path: str,
    more: dict[str, Any],
    expected: str,
    manifests: dict[str, Manifest],
    edge: Callable[..., Any],
    model: ModuleType,
) -> None:
    assert _shown(edge(manifests["never"]).reach(model.Ask(path, **more))) == expected


def test_a_prerender_gets_its_path_and_the_declared_query_only(
    manifest: Manifest, edge: Callable[..., Any], model: ModuleType
) -> None:
    reached = edge(manifest).reach(model.Ask("/blog/tea/", query="utm=1&page=2"))
    assert sorted(reached.query) == [("__isr_path", "/blog/tea/"), ("page", "2")]


def test_a_bypass_keeps_the_whole_query_and_is_marked(
    manifest: Manifest, edge: Callable[..., Any], model: ModuleType
) -> None:
    reached = edge(manifest).reach(model.Ask("/blog/tea/", query="utm=1", cookies=("session",)))
    assert sorted(reached.query) == [("__isr_bypass", "1"), ("__isr_path", "/blog/tea/"), ("utm", "1")]


def test_a_hashed_asset_is_immutable_and_the_first_matching_rule_gives_headers(
    manifest: Manifest, edge: Callable[..., Any], model: ModuleType
) -> None:
    made = edge(manifest)
    asset = made.reach(model.Ask("/assets/site.3f2a9c1b.css"))
    assert asset.headers == {"X-All": "1", "Cache-Control": "public, max-age=31536000, immutable"}
    assert made.reach(model.Ask("/about/")).headers == {"X-First": "1"}
    assert made.reach(model.Ask("/robots.txt")).headers == {"X-All": "1", "X-Robots": "yes"}


def _catch_all(slash: bool) -> Manifest:
    pattern = Pattern(Pattern.parse("/[...path]/").segments, slash)
    policy = CachePolicy(Lifetime(60), bypass_cookies=("session",))
    about = ("about/index.html", "/about/") if slash else ("about.html", "/about")
    return Manifest(
        build="b",
        base_url="https://example.org",
        trailing_slash=slash,
        routes=(Route(pattern, Strategy.ISR, "content/[...path]+ssr.html", "", policy),),
        files=(OutputFile(*about, "text/html", '"x"', 1),),
    )


@pytest.mark.parametrize("slash", [True, False])
def test_a_cookie_does_not_take_a_static_page_away_from_its_visitor(
    slash: bool, edge: Callable[..., Any], model: ModuleType
) -> None:
    made, end = edge(_catch_all(slash)), "/" if slash else ""
    about = made.reach(model.Ask(f"/about{end}", cookies=("session",)))
    assert about.output.startswith("about")
    assert made.reach(model.Ask(f"/other{end}", cookies=("session",))).output == "__server"
    assert made.reach(model.Ask("/")).output == "_isr/path"


PATHS = st.lists(
    st.sampled_from(
        ["", "about", "blog", "docs", "api", "posts", "feed", "old", "moved", "tea", "index.html", "..",
         "a.b", "%2F", "%5C", "\\", "évil.example", "_isr", "__server", "things", "café v1.2", "404.html"]
    ),
    max_size=5,
).map(lambda parts: "/" + "/".join(parts))  # fmt: skip


@pytest.mark.parametrize("name", ["always", "never", "static"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None)
@given(path=PATHS)
def test_no_path_is_redirected_in_a_circle_or_to_another_host(
    name: str, path: str, manifests: dict[str, Manifest], edge: Callable[..., Any], model: ModuleType
) -> None:
    made = _EDGES.setdefault(name, None) or edge(manifests[name])
    _EDGES[name] = made
    _follow(made, model, model.quoted(path))


_EDGES: dict[str, Any] = {}


def _follow(made: Any, model: ModuleType, path: str) -> None:
    seen = []
    while True:
        assert path not in seen, seen
        seen.append(path)
        reached = made.reach(model.Ask(path))
        if not reached.location:
            return
        to = urlsplit(reached.location)
        assert not to.netloc
        assert not reached.location.startswith("/\\")
        path = to.path


def test_many_pages_take_few_routes_and_none_is_too_long(
    manifest: Manifest, edge: Callable[..., Any], model: ModuleType
) -> None:
    pages = tuple(OutputFile(f"p/{n}/index.html", f"/p/{n}/", "text/html", '"x"', 1) for n in range(2000))
    made = edge(replace(manifest, files=(*manifest.files, *pages)))
    routes = [route for phase in made._phases.values() for route in phase]
    assert len(routes) < 80
    assert max(len(route["src"]) for route in routes) <= 4096
    assert made.reach(model.Ask("/p/1999")).location == "/p/1999/"


def test_a_parameter_before_a_digit_stays_a_parameter(
    manifest: Manifest, edge: Callable[..., Any], model: ModuleType
) -> None:
    redirect = Redirect(Pattern.parse("/year/[y]/"), "/archive/?since=[y]01&price=$5", 302)
    made = edge(replace(manifest, redirects=(redirect,)))
    assert made.reach(model.Ask("/year/20/")).location == "/archive/?since=20%301&price=%245"
