"""``EdgeCache``: the application's own lifespan or one in its place, and whose state the application sees."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pytest

from isrgen.edge.open import open_store
from isrgen.errors import IsrgenError
from isrgen.server.edge_cache import EdgeCache


class Watched:
    """A store that notes its end."""

    def __init__(self, events: list[str]) -> None:
        self._store = open_store("memory:", root=Path(), shared=False)
        self._events = events

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def close(self) -> None:
        self._events.append("store closed")
        await self._store.close()


def live(app: Any, events: list[str]) -> list[Any]:
    """Start and stop ``app`` behind a cache as a server does; what the server was told."""
    said: list[Any] = []
    messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        said.append(message)

    async def run() -> None:
        store: Any = Watched(events)
        await EdgeCache(app, store=store)({"type": "lifespan", "state": {}}, receive, send)

    asyncio.run(run())
    return [message["type"].removeprefix("lifespan.") for message in said]


def test_the_cache_ends_before_the_application_does() -> None:
    events: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for name in ("startup", "shutdown"):
            assert (await receive())["type"] == f"lifespan.{name}"
            events.append(name)
            await send({"type": f"lifespan.{name}.complete"})

    assert live(app, events) == ["startup.complete", "shutdown.complete"]
    assert events == ["startup", "store closed", "shutdown"]


@pytest.mark.parametrize("asks_first", [False, True])
def test_an_application_without_a_lifespan_is_answered_for(asks_first: bool) -> None:
    events: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if asks_first:
            await receive()
        raise ValueError("only http")

    assert live(app, events) == ["startup.complete", "shutdown.complete"]
    assert events == ["store closed"]


def test_an_application_that_cannot_start_says_so() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no database"})

    assert live(app, []) == ["startup.failed"]


def test_an_application_that_fails_later_is_not_answered_for() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        raise ValueError("later")

    with pytest.raises(ValueError, match="later"):
        live(app, [])


def test_a_store_that_does_not_exist_is_told_at_once() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None: ...

    with pytest.raises(IsrgenError, match="no store"):
        EdgeCache(app, store="paper:")


async def visit(cache: EdgeCache, path: str, **more: Any) -> bytes:
    """One GET, by a server that tells ``more`` in its scope; the body of the answer."""
    sent: list[Any] = []
    scope = {
        "type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "path": path,
        "raw_path": path.encode(), "query_string": b"", "headers": [(b"host", b"shop.example")],
        "client": ("203.0.113.9", 1), "server": ("shop.example", 80), **more,
    }  # fmt: skip

    async def receive() -> Any:
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    await cache(scope, receive, send)
    return b"".join(message.get("body", b"") for message in sent)


def app_of(said: Any, cache_control: bytes) -> Any:
    """An application that answers what ``said(scope)`` tells."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            scope["state"]["shop"] = "tea"
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"cache-control", cache_control)]}
        )
        await send({"type": "http.response.body", "body": str(said(scope)).encode()})

    return app


def test_a_flight_takes_its_state_from_who_began_it_not_from_who_came_since() -> None:
    """The scope is made when the store has been asked, and others come meanwhile."""

    class Slow(Watched):
        async def get(self, key: str) -> Any:
            await asyncio.sleep(0)
            return await self._store.get(key)

        def peek(self, key: str) -> None:
            return None

    async def run() -> list[bytes]:
        store: Any = Slow([])
        cache = EdgeCache(app_of(lambda scope: scope["state"].get("user"), b"private"), store=store)
        names = ("alice", "bob", "carol")
        return await asyncio.gather(*(visit(cache, f"/{name}", state={"user": name}) for name in names))

    assert asyncio.run(run()) == [b"alice", b"bob", b"carol"]


SEEN: ContextVar[str] = ContextVar("SEEN", default="nobody")


def test_a_refresh_has_the_state_of_the_lifespan_and_nothing_of_a_visitor() -> None:
    told: list[tuple[Any, str, str]] = []

    async def run() -> None:
        now = [1000.0]
        app = app_of(
            lambda scope: told.append((scope["state"], scope["root_path"], SEEN.get())),
            b"public, max-age=10, stale-while-revalidate=100",
        )
        cache = EdgeCache(app, clock=lambda: now[0])
        begun, over = asyncio.Event(), asyncio.Event()
        messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

        async def receive() -> Any:
            if len(messages) == 1:
                begun.set()
                await over.wait()
            return messages.pop(0)

        async def send(message: Any) -> None:
            pass

        living = asyncio.create_task(cache({"type": "lifespan", "state": {}}, receive, send))
        await begun.wait()
        await visit(cache, "/shop/", root_path="/shop", state={"shop": "tea", "user": "alice"})
        now[0] += 20
        SEEN.set("bob")
        await visit(cache, "/shop/", root_path="/shop", state={"shop": "tea", "user": "bob"})
        over.set()
        await living

    asyncio.run(run())
    first, refresh = told
    assert first == ({"shop": "tea", "user": "alice"}, "/shop", "nobody")
    assert refresh == ({"shop": "tea"}, "/shop", "nobody")


def test_one_trusted_proxy_may_be_named_by_itself() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None: ...

    EdgeCache(app, trusted_proxies="10.0.0.0/8")
    with pytest.raises(IsrgenError, match="has 'proxy', which"):
        EdgeCache(app, trusted_proxies="proxy")
