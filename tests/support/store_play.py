"""What tests of stores share: responses in one line, and stores that are closed in the end."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

from isrgen.caching.policy import Lifetime
from isrgen.caching.stored import HeaderPairs, Stored
from isrgen.caching.validation import etag_of
from isrgen.edge.store import Store


def made(
    body: str = "tea",
    at: float = 1000.0,
    selecting: HeaderPairs = (),
    tags: tuple[str, ...] = (),
    status: int = 200,
    build: str = "",
) -> Stored:
    data = body.encode()
    headers = (("Content-Type", "text/html"),)
    return Stored(status, headers, data, etag_of(data), Lifetime(60, 60), at, selecting, tags, False, build)


def variant(language: str) -> HeaderPairs:
    return (("accept-language", language),)


def with_stores(opener: Callable[[], Store], play: Callable[..., Awaitable[None]], count: int = 1) -> None:
    """Play with so many stores, which are as many processes, but for the scheduler."""

    async def run() -> None:
        async with AsyncExitStack() as stack:
            stores = [opener() for _ in range(count)]
            for store in stores:
                stack.push_async_callback(store.close)
            await play(*stores)

    asyncio.run(run())


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait for something that happens soon."""
    async with asyncio.timeout(20):
        while not await holds():
            await asyncio.sleep(0.02)


async def put(store: Store, key: str, stored: Stored) -> bool:
    """Keep what was rendered after every purge so far."""
    return await store.put(key, stored, await store.epoch())


async def bodies(store: Store, key: str) -> list[str]:
    return [stored.body.decode() for stored in await store.get(key)]


def is_sound(path: Path) -> bool:
    """Whether SQLite finds its file whole, and the bytes counted are those held."""
    database = sqlite3.connect(path)
    try:
        counted = database.execute("SELECT value FROM counters WHERE name = 'bytes'").fetchone()
        held = database.execute("SELECT total(size) FROM entries").fetchone()
        return database.execute("PRAGMA integrity_check").fetchone() == ("ok",) and counted == held
    finally:
        database.close()
