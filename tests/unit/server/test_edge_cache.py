"""``EdgeCache``'s lifespan: the application's own, or one in its place."""

from __future__ import annotations

import asyncio
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
