"""Whatever a client sends: an answer below 500, and no exception."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from isrgen.caching.policy import CachePolicy, Lifetime
from isrgen.manifest import Redirect
from isrgen.routing.pattern import Pattern

PIECES = st.sampled_from(
    ["/", "a", "b", "old", "api", "x", "..", ".", "%2f", "%2e", "%00", "%", "%zz", "\\", "é", "☃", "\ud800",
     "//", "?", "&", "=", "#", "_isrgen", "health", "revalidate", "__isr_x", "\r\n", "\x00", ";", "f.txt"]
)  # fmt: skip
PATHS = st.builds("".join, st.lists(PIECES | st.text(max_size=3), max_size=8)).map(lambda text: "/" + text)
QUERIES = st.builds("".join, st.lists(PIECES | st.text(max_size=3), max_size=6))
NAMES = st.sampled_from(
    ["cookie", "authorization", "range", "if-none-match", "if-range", "accept-encoding", "accept-language",
     "x-forwarded-for", "x-forwarded-host", "x-isrgen-a", "content-type", "content-length", "host", "x"]
)  # fmt: skip
VALUES = st.text(st.characters(max_codepoint=255), max_size=12) | st.sampled_from(
    ["bytes=0-0", "bytes=-", "*", '"', "session=1", "gzip;q=", "1.2.3.4, , x", 'W/"a"', "a=b; c"]
)
HEADERS = st.lists(st.tuples(NAMES, VALUES), max_size=5)
METHODS = st.sampled_from(["GET", "HEAD", "POST", "OPTIONS", "PUT", "BREW", ""])


class Rsgi:
    def __init__(self) -> None:
        self.status = 0

    async def __aiter__(self) -> Any:
        yield b"{}"

    def _answer(self, status: int, headers: list[tuple[str, str]], *rest: object) -> None:
        assert self.status == 0
        for name, value in headers:
            assert name.isascii()
            assert all(" " <= character <= "~" for character in value)
        self.status = status

    response_empty = response_bytes = response_file = response_file_range = _answer


@pytest.fixture
def site(kit: Any) -> Iterator[Any]:
    short = Lifetime(60)
    module = """
    def loader(request):
        return {"q": request.query.get("a"), "l": request.headers.get("accept-language")}
    """
    api = """
    def GET(params):
        return params["x"]
    async def POST(request):
        return await request.text()
    """
    kit.page("/", "home", policy=CachePolicy(short))
    body = "{{ q }}{{ l }}{{ params.x }}{{ request.url }}"
    kit.page("/a/[x]/", body, module, CachePolicy(short, query=("a",)))
    body = "{{ params }}{{ request.cookies }}{{ request.client }}"
    kit.page("/b/[...path]/", body, policy=CachePolicy(short, bypass_cookies=("session",)))
    kit.api("/api/[x]", api)
    kit.file("f.txt", b"file", encodings=("gzip",))
    kit.change(
        redirects=(Redirect(Pattern.parse("/old/[...path]/"), "/b/[...path]/"),),
        trusted_proxies=("203.0.113.0/24",),
    )
    app = kit.app(token="t")
    with asyncio.Runner() as runner:
        yield SimpleNamespace(app=app, run=runner.run)
        runner.run(app.stop())


class Fields:
    """granian's headers."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._pairs = pairs

    def items(self) -> list[tuple[str, str]]:
        return self._pairs

    def keys(self) -> list[str]:
        return [name for name, _ in self._pairs]

    def __contains__(self, name: str) -> bool:
        return name in self.keys()

    def get_all(self, name: str) -> list[str]:
        return [value for key, value in self._pairs if key == name]

    def get(self, name: str) -> str | None:
        return next(iter(self.get_all(name)), None)


FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FUZZ
@example("GET", "/b", "\ud800", [], "")
@given(METHODS, PATHS | st.text(max_size=10), QUERIES, HEADERS, st.text(max_size=12))
def test_rsgi_answers_everything(
    site: Any, method: str, path: str, query: str, headers: list[tuple[str, str]], client: str
) -> None:
    scope = SimpleNamespace(
        proto="http",
        method=method,
        path=path,
        query_string=query,
        headers=Fields(headers),
        client=client,
        scheme="http",
        http_version="1.0",
    )
    protocol = Rsgi()
    site.run(site.app.__rsgi__(scope, protocol))
    assert 200 <= protocol.status < 500


@FUZZ
@given(METHODS, PATHS, st.none() | st.binary(max_size=20) | PATHS, QUERIES, HEADERS)
def test_asgi_answers_everything(
    site: Any, method: str, path: str, raw: bytes | str | None, query: str, headers: list[tuple[str, str]]
) -> None:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"{}"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": raw.encode("utf-8", "replace") if isinstance(raw, str) else raw,
        "query_string": query.encode("utf-8", "replace"),
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers],
        "client": ("203.0.113.9", 1),
    }
    site.run(site.app(scope, receive, send))
    assert sent[0]["type"] == "http.response.start"
    assert 200 <= sent[0]["status"] < 500
    for name, value in sent[0]["headers"]:
        assert not {10, 13, 0} & {*name, *value}
    assert not sent[-1].get("more_body")


def test_the_fuzz_reaches_more_than_errors(site: Any, tmp_path: Path) -> None:
    protocol = Rsgi()
    headers = Fields([])
    scope = SimpleNamespace(
        proto="http",
        method="GET",
        path="/a/b/",
        query_string="",
        headers=headers,
        client="",
        scheme="http",
        http_version="1.0",
    )
    site.run(site.app.__rsgi__(scope, protocol))
    assert protocol.status == 200
