"""The adapter around a real server: what a prerender would keep for everybody."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from isrgen.caching.policy import CachePolicy, Lifetime
from isrgen.targets.vercel.adapter import Adapter
from isrgen.targets.vercel.functions import adapter_table
from isrgen.targets.vercel.plan import plan

HOUR = Lifetime(3600)
ALICE = [
    (b"cookie", b"session=alice"),
    (b"authorization", b"Bearer alice"),
    (b"accept-language", b"de"),
    (b"accept", b"application/json"),
    (b"x-forwarded-host", b"alice.example"),
    (b"if-none-match", b'"1"'),
]
MIDDLEWARE = """
async def middleware(request, next):
    response = await next(request)
    response.headers.append("Set-Cookie", "token=" + request.cookies.get("session", "nobody"))
    return response
"""


def invoke(kit: Any, path: str, query: str = "") -> tuple[int, dict[str, str], str]:
    app = kit.app(behind="vercel", edge=False)
    adapter = Adapter(app, adapter_table(plan(kit.finished(), "prerender")))
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    async def scene() -> None:
        scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode()}
        await adapter(
            {**scope, "query_string": query.encode(), "headers": ALICE, "client": ("192.0.2.1", 1)},
            receive,
            send,
        )
        await app.stop()

    asyncio.run(scene())
    headers = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, b"".join(message.get("body", b"") for message in sent[1:]).decode()


def test_tokens_that_middleware_sets_are_nobodys(kit: Any, caplog: pytest.LogCaptureFixture) -> None:
    """amplify#4100: middleware's Set-Cookie was cached, and the next visitor got the first one's tokens."""
    source = kit.write("content/_middleware.py", MIDDLEWARE)
    kit.page("/a/", "page", policy=CachePolicy(HOUR), middleware=(source,))
    status, headers, body = invoke(kit, "/a/")
    assert (status, body) == (200, "page")
    assert "set-cookie" not in headers
    assert headers["cache-control"] == "private, no-store"
    assert "/a/: the answer for everybody is a private one (200)" in caplog.text


def test_a_page_that_reads_the_visitor_is_rendered_for_nobody(kit: Any) -> None:
    body = "{{ request.cookies.session or 'nobody' }} {{ request.client or 'nowhere' }}"
    kit.page("/a/", body, policy=CachePolicy(HOUR))
    status, headers, text = invoke(kit, "/a/")
    assert (status, text, headers["cache-control"]) == (200, "nobody nowhere", "private, no-store")


def test_a_page_that_reads_the_language_and_lists_no_vary_has_its_default_variant(kit: Any) -> None:
    body = "{{ request.headers.get('Accept-Language', 'en') }} {{ request.headers.get('Accept', 'html') }}"
    kit.page("/a/", body, policy=CachePolicy(HOUR))
    status, headers, text = invoke(kit, "/a/")
    assert (status, text) == (200, "en html")
    assert "private" not in headers["cache-control"]


def test_a_listed_cookie_passes_by_and_sees_itself(kit: Any) -> None:
    policy = CachePolicy(HOUR, bypass_cookies=("session",))
    kit.page("/a/", "{{ request.cookies.session or 'nobody' }}", policy=policy)
    assert invoke(kit, "/a/")[2] == "nobody"
    status, headers, text = invoke(kit, "/a/", "__isr_path=/a/&__isr_bypass=1")
    assert (status, text, headers["cache-control"]) == (200, "alice", "private, no-store")
