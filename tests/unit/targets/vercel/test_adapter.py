"""What the site sees of an invocation: tables of invocations, through the adapter itself."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from isrgen.manifest import Manifest
from isrgen.targets.vercel.adapter import Adapter
from isrgen.targets.vercel.functions import adapter_table
from isrgen.targets.vercel.plan import plan

CACHED = [
    (b"Cache-Control", b"public, max-age=0, must-revalidate"),
    (b"vercel-cdn-cache-control", b"max-age=60"),
    (b"Vercel-Cache-Tag", b"a"),
    (b"etag", b'"1"'),
]


class Site:
    """Remembers its request and answers as if everything could be shared."""

    def __init__(self, status: int = 200, headers: list[tuple[bytes, bytes]] = CACHED) -> None:
        self.scope: dict[str, Any] = {}
        self.body = b""
        self._status = status
        self._headers = headers

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scope = scope
        if scope["type"] == "http":
            self.body = (await receive())["body"]
        await send({"type": "http.response.start", "status": self._status, "headers": self._headers})
        await send({"type": "http.response.body", "body": b"page"})


def _invoke(
    manifest: Manifest,
    raw_path: str,
    query: str = "",
    headers: list[tuple[bytes, bytes]] | None = None,
    method: str = "GET",
    body: bytes = b"",
    site: Site | None = None,
) -> tuple[Site, int, dict[bytes, bytes]]:
    site, sent = site or Site(), []
    adapter = Adapter(site, adapter_table(plan(manifest, "prerender")))
    scope = {
        "type": "http",
        "method": method,
        "path": "whatever",
        "raw_path": raw_path.encode(),
        "query_string": query.encode(),
        "headers": headers or [],
        "client": ("192.0.2.1", 1),
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(adapter(scope, receive, send))
    return site, sent[0]["status"], {name.lower(): value for name, value in sent[0]["headers"]}


def _matches(path: str) -> list[tuple[bytes, bytes]]:
    return [(b"x-now-route-matches", f"1={path}&__isr_path={path}".encode())]


# raw path, query, x-now-route-matches; the site's path and query, or None for a 400
TOLD = [
    ("/blog/tea/", "__isr_path=%2Fblog%2Ftea%2F", "", ("/blog/tea/", "")),
    ("/blog/tea/", "", "", ("/blog/tea/", "")),
    ("/blog/tea/", "page=2&utm=1&__isr_path=/blog/tea/", "", ("/blog/tea/", "page=2")),
    ("/_isr/blog__slug", "__isr_path=%2Fblog%2Ftea%2F&page=2", "", ("/blog/tea/", "page=2")),
    ("/_isr/blog__slug", "", "%2Fblog%2Ftea%2F", ("/blog/tea/", "")),
    ("/_isr/blog__slug", "__isr_path=/blog/tea/", "/blog/tea/", ("/blog/tea/", "")),
    ("/_isr/blog__slug", "__isr_path=/blog/caf%25C3%25A9/", "", ("/blog/caf%C3%A9/", "")),
    ("/_isr/blog__slug", "__isr_path=/blog/caf%C3%A9/", "", ("/blog/caf%C3%A9/", "")),
    ("/_isr/docs__path", "__isr_path=/docs/a/b/", "", ("/docs/a/b/", "")),
    ("/_isr/guides__name/tea", "__isr_path=/guides/tea/", "", ("/guides/tea/", "")),
    ("/_isr/guides__names", "__isr_path=/guides/tea/", "", None),
    ("/__server", "__isr_path=/langs/&a=1", "", ("/langs/", "a=1")),
    ("/langs/", "__isr_path=/langs/&a=b%20c&a=d", "", ("/langs/", "a=b%20c&a=d")),
    ("/__server", "__isr_path=/_isrgen/health&__isr_bypass=1", "", ("/_isrgen/health", "")),
    ("/_isr/blog__slug", "__isr_path=/blog/tea/", "/blog/other/", None),
    ("/_isr/blog__slug", "__isr_path=/blog/tea/&__isr_path=/blog/other/", "", None),
    ("/_isr/blog__slug", "__isr_path=/docs/a/", "", None),
    ("/_isr/blog__slug", "__isr_path=/account/", "", None),
    ("/_isr/blog__slug", "__isr_path=/blog/a%252Fb/", "", None),
    ("/_isr/blog__slug", "__isr_path=/blog/../docs/", "", None),
    ("/_isr/blog__slug", "__isr_path=/blog/a%0d%0ab/", "", None),
    ("/_isr/blog__slug", "", "", None),
    ("/_isr/none", "__isr_path=/blog/tea/", "", None),
    ("/__server", "", "", None),
    ("/__server", "__isr_path=/nowhere/", "", None),
    ("/blog/tea/", "__isr_path=/blog/other/", "", None),
    ("/blog/tea/", "%5F_isr_path=/blog/other/", "", None),
    ("/account/", "__isr_path=/blog/tea/&__isr_bypass=1", "", None),
    ("/account/", "", "/blog/tea/", None),
]


@pytest.mark.parametrize(("raw_path", "query", "matches", "expected"), TOLD)
def test_the_path_is_what_all_that_is_told_agrees_on(
    raw_path: str, query: str, matches: str, expected: tuple[str, str] | None, manifest: Manifest
) -> None:
    site, status, headers = _invoke(manifest, raw_path, query, _matches(matches) if matches else [])
    if expected is None:
        assert (status, headers[b"cache-control"], site.scope) == (400, b"private, no-store", {})
    else:
        seen = (site.scope["raw_path"].decode(), site.scope["query_string"].decode())
        assert (status, seen) == (200, expected)


VISITOR = [
    (b"host", b"example.org"),
    (b"cookie", b"session=1"),
    (b"authorization", b"Basic x"),
    (b"accept-language", b"de"),
    (b"if-none-match", b'"1"'),
    (b"range", b"bytes=0-1"),
]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_prerender_renders_for_nobody_in_particular(method: str, manifest: Manifest) -> None:
    site, _, headers = _invoke(manifest, "/blog/tea/", "page=2&x=1", VISITOR, method, b"body")
    assert site.scope["headers"] == [(b"host", b"example.org")]
    assert (site.scope["method"], site.scope["client"], site.body) == ("GET", None, b"")
    assert site.scope["query_string"] == b"page=2"
    assert headers[b"vercel-cdn-cache-control"] == b"max-age=60"


PRIVATE = [(b"cache-control", b"private, no-store"), (b"etag", b'"1"')]


@pytest.mark.parametrize(
    ("status", "answered", "level"),
    [
        (200, [*CACHED, (b"Set-Cookie", b"session=alice")], "ERROR"),
        (200, [*PRIVATE, (b"set-cookie", b"session=alice"), (b"set-cookie", b"b=2")], "ERROR"),
        (200, PRIVATE, "ERROR"),
        (200, [(b"Cache-Control", b"Private"), (b"etag", b'"1"')], "ERROR"),
        (302, PRIVATE, "ERROR"),
        (500, PRIVATE, ""),
    ],
)
def test_a_prerender_hands_out_no_cookie_and_no_private_answer_in_silence(
    status: int, answered: Any, level: str, manifest: Manifest, caplog: pytest.LogCaptureFixture
) -> None:
    """amplify#4100: what a prerender answers is kept for everybody, so none of it may be one visitor's."""
    site = Site(status, answered)
    _, sent, headers = _invoke(manifest, "/blog/tea/", site=site)
    assert (sent, headers) == (status, dict(PRIVATE))
    assert [record.levelname for record in caplog.records] == ([level] if level else [])
    assert not level or "/blog/tea/" in caplog.text


def test_a_plain_function_may_set_a_cookie(manifest: Manifest) -> None:
    site = Site(200, [*PRIVATE, (b"set-cookie", b"session=alice")])
    _, _, headers = _invoke(manifest, "/langs/", site=site)
    assert headers[b"set-cookie"] == b"session=alice"


def test_a_bypass_may_set_a_cookie(manifest: Manifest) -> None:
    site = Site(200, [*PRIVATE, (b"set-cookie", b"session=alice")])
    _, _, headers = _invoke(manifest, "/blog/tea/", "__isr_path=/blog/tea/&__isr_bypass=1", site=site)
    assert headers == {**dict(PRIVATE), b"set-cookie": b"session=alice"}


def test_a_bypass_renders_for_its_visitor_and_is_never_kept(manifest: Manifest) -> None:
    site, _, headers = _invoke(manifest, "/blog/tea/", "__isr_path=/blog/tea/&__isr_bypass=1", VISITOR)
    assert site.scope["headers"] == VISITOR
    assert headers == {b"cache-control": b"private, no-store", b"etag": b'"1"'}


def test_a_post_reaches_the_site_whole_and_is_never_kept(manifest: Manifest) -> None:
    site, _, headers = _invoke(manifest, "/api/posts", "a=1", VISITOR, "POST", b"body")
    assert (site.scope["method"], site.body, site.scope["headers"]) == ("POST", b"body", VISITOR)
    assert headers[b"cache-control"] == b"private, no-store"


@pytest.mark.parametrize("path", ["/mine/", "/account/"])
def test_a_plain_function_keeps_nothing_of_a_route_with_bypass_cookies(path: str, manifest: Manifest) -> None:
    _, _, headers = _invoke(manifest, path)
    assert headers == {b"cache-control": b"private, no-store", b"etag": b'"1"'}


def test_a_plain_function_without_bypass_cookies_may_be_kept(manifest: Manifest) -> None:
    site, _, headers = _invoke(manifest, "/langs/", headers=VISITOR)
    assert site.scope["headers"] == VISITOR
    assert headers[b"vercel-cdn-cache-control"] == b"max-age=60"


def test_what_the_platform_tells_is_taken_out_of_a_visitors_headers(manifest: Manifest) -> None:
    site, _, _ = _invoke(manifest, "/langs/", headers=[*VISITOR, *_matches("/langs/")])
    assert site.scope["headers"] == VISITOR


def test_a_scope_without_a_raw_path_is_quoted_again(manifest: Manifest) -> None:
    site = Site()
    adapter = Adapter(site, adapter_table(plan(manifest, "prerender")))
    scope = {"type": "http", "method": "GET", "path": "/blog/café/", "raw_path": None, "headers": []}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        pass

    asyncio.run(adapter(scope, receive, send))
    assert site.scope["raw_path"] == b"/blog/caf%C3%A9/"


def test_the_servers_start_and_stop_pass_through(manifest: Manifest) -> None:
    site = Site()
    adapter = Adapter(site, adapter_table(plan(manifest, "prerender")))

    async def nothing(message: Any = None) -> dict[str, Any]:
        return {}

    asyncio.run(adapter({"type": "lifespan"}, nothing, nothing))
    assert site.scope == {"type": "lifespan"}
