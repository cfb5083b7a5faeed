"""A hand-made site for targets: one route of each kind, in both slash forms, and files to copy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from isrgen.caching.policy import CachePolicy, Lifetime
from isrgen.manifest import HeaderRule, Manifest, NotFound, OutputFile, Redirect, Route, Seed
from isrgen.routing.pattern import Pattern
from isrgen.routing.priority import sort_key
from isrgen.routing.strategy import Strategy

NONE = CachePolicy()
HOUR = Lifetime(3600, 86400)


def _route(pattern: str, strategy: Strategy, policy: CachePolicy = NONE, **more: object) -> Route:
    return Route(Pattern.parse(pattern), strategy, f"content{pattern}", "the test", policy, **more)  # type: ignore[arg-type]


def _file(path: str, url: str, kind: str, **more: object) -> OutputFile:
    return OutputFile(path, url, kind, '"x"', 1, **more)  # type: ignore[arg-type]


def shop(slash: bool = True) -> Manifest:
    """One of everything."""
    html = "text/html; charset=utf-8"
    routes = [
        _route("/", Strategy.SSG),
        _route(
            "/blog/[slug]/", Strategy.ISR, CachePolicy(HOUR, query=("page",), bypass_cookies=("session",))
        ),
        _route("/docs/[...path]/", Strategy.ISR, CachePolicy(HOUR)),
        _route("/news/", Strategy.ISR, CachePolicy(HOUR, bypass_cookies=("session", "admin"))),
        _route("/langs/", Strategy.ISR, CachePolicy(HOUR, vary=("Accept-Language",))),
        _route(
            "/mine/",
            Strategy.ISR,
            CachePolicy(HOUR, vary=("Accept-Language",), bypass_cookies=("session",)),
        ),
        _route("/guides/[name]/", Strategy.ISR, CachePolicy(HOUR)),
        _route("/account/", Strategy.SSR, CachePolicy(bypass_cookies=("session",))),
        _route("/api/posts", Strategy.API, CachePolicy(Lifetime(60)), methods=("GET", "POST")),
        _route("/api/things/[id]", Strategy.API, methods=("GET", "DELETE")),
        _route("/blog/feed", Strategy.API, methods=("GET",)),
    ]
    if not slash:
        routes = [replace(r, pattern=Pattern(r.pattern.segments, slash=False)) for r in routes]
    pages = (
        [
            _file("index.html", "/", html, route="content/index.md"),
            _file("about/index.html", "/about/", html),
            _file("café v1.2/index.html", "/caf%C3%A9%20v1.2/", html),
        ]
        if slash
        else [
            _file("index.html", "/", html, route="content/index.md"),
            _file("about.html", "/about", html),
            _file("café v1.2.html", "/caf%C3%A9%20v1.2", html),
        ]
    )
    files = [
        *pages,
        _file("404.html", "/404.html", html, status=404),
        _file("docs/404.html", "/docs/404.html", html, status=404),
        _file("robots.txt", "/robots.txt", "text/plain", headers=(("X-Robots", "yes"),)),
        _file("CNAME", "/CNAME", "application/octet-stream"),
        _file("assets/site.3f2a9c1b.css", "/assets/site.3f2a9c1b.css", "text/css", immutable=True),
        _file("docs/map.png", "/docs/map.png", "image/png"),
    ]
    return Manifest(
        build="b1",
        base_url="https://example.org",
        trailing_slash=slash,
        routes=tuple(sorted(routes, key=lambda route: sort_key(route.pattern))),
        files=tuple(files),
        redirects=(
            Redirect(Pattern.parse("/old/[slug]/"), "/blog/[slug]/", 308),
            Redirect(Pattern.parse("/old/special/"), "/about/", 301),
            Redirect(Pattern.parse("/moved/[...path]/"), "/docs/[...path]/", 302),
        ),
        header_rules=(
            HeaderRule("/about/", (("X-First", "1"),)),
            HeaderRule("/**", (("X-All", "1"),)),
        ),
        not_found=(NotFound("/", "p", "404.html"), NotFound("/docs/", "d", "docs/404.html")),
        seeds=tuple(
            Seed(path, f"content{route}", f"seeds/{number}", 200, (("Content-Type", html),), (), HOUR)
            for number, (path, route) in enumerate(
                [
                    ("/news/", "/news/"),
                    ("/guides/tea/", "/guides/[name]/"),
                    ("/guides/milk/", "/guides/[name]/"),
                    ("/guides/v1.2/", "/guides/[name]/"),
                    ("/blog/one/", "/blog/[slug]/"),
                ]
            )
        ),
        requirements=("jinja2>=3.1.5",),
    )


def static_only() -> Manifest:
    """A site that needs no function."""
    full = shop()
    return replace(full, routes=full.routes[:0], redirects=(), header_rules=(), seeds=())


@pytest.fixture
def manifest() -> Manifest:
    return shop()


@pytest.fixture
def manifests() -> dict[str, Manifest]:
    return {"always": shop(), "never": shop(slash=False), "static": static_only()}


@pytest.fixture
def make_dist(tmp_path: Path) -> Callable[[Manifest], Path]:
    """Write the files that a manifest names, each with its own path as its content."""

    def make(manifest: Manifest) -> Path:
        dist = tmp_path / f"dist-{manifest.trailing_slash}"
        server = dist / "server"
        named = {f"static/{file.path}": file.path for file in manifest.files}
        named |= {f"server/{seed.file}": seed.path for seed in manifest.seeds}
        named |= {"server/app.py": "app = None\n", "server/isrgen/__init__.py": ""}
        named |= {"manifest.json": manifest.to_json(), "server/manifest.json": manifest.to_json()}
        for name, text in named.items():
            place = dist / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
        (server / "__pycache__").mkdir(exist_ok=True)
        (server / "__pycache__" / "app.cpython-311.pyc").write_bytes(b"x")
        return dist

    return make
