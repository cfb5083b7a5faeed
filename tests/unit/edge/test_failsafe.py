"""A store that cannot take the site down, and never claims what it did not do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from isrgen.caching.policy import Lifetime
from isrgen.caching.stored import Stored
from isrgen.edge.failsafe import MOST_OWED, Failsafe
from isrgen.edge.store import PurgeError
from isrgen.edge.stores.memory import MemoryStore


class FullStore(MemoryStore):
    """A store that, while ``full``, still reads and no longer writes."""

    full = False
    refused = 0

    async def invalidate_key(self, prefix: str, hard: bool) -> list[str]:
        self._check()
        return await super().invalidate_key(prefix, hard)

    async def invalidate_tag(self, tag: str, hard: bool) -> list[str]:
        self._check()
        return await super().invalidate_tag(tag, hard)

    def _check(self) -> None:
        if self.full:
            self.refused += 1
            raise OSError("database or disk is full")


class World:
    def __init__(self) -> None:
        self.now = 0.0
        self.store = FullStore()
        self.safe = Failsafe(self.store, monotonic=lambda: self.now)

    async def bodies(self, key: str = "/") -> list[bytes]:
        return [stored.body for stored in await self.safe.get(key)]


def play(script: Callable[[World], Awaitable[None]]) -> None:
    async def run() -> None:
        world = World()
        for key in ("/", "/b"):
            stored = Stored(200, (), b"old", '"e"', Lifetime(60), 0.0, tags=("t",))
            await world.store.put(key, stored, await world.store.epoch())
        await script(world)

    asyncio.run(run())


def test_a_purge_that_failed_is_told_and_nothing_is_answered_until_it_got_through() -> None:
    async def script(world: World) -> None:
        world.store.full = True
        with pytest.raises(PurgeError, match="disk is full"):
            await world.safe.invalidate_tag("t", True)
        assert await world.bodies() == await world.bodies("/b") == []
        world.now += 10
        assert await world.bodies() == []
        world.store.full = False
        world.now += 10
        assert await world.bodies() == []
        assert (await world.store.usage()).entries == 0

    play(script)


def test_what_a_failed_purge_does_not_concern_is_answered_again_after_it_got_through() -> None:
    async def script(world: World) -> None:
        world.store.full = True
        with pytest.raises(PurgeError):
            await world.safe.invalidate_key("/", True)
        assert await world.bodies("/b") == []
        world.store.full = False
        world.now += 10
        assert (await world.bodies("/b"), await world.bodies("/")) == ([b"old"], [])

    play(script)


def test_a_store_that_fails_is_not_asked_again_at_every_request() -> None:
    async def script(world: World) -> None:
        world.store.full = True
        with pytest.raises(PurgeError):
            await world.safe.invalidate_key("/", True)
        for _ in range(10):
            await world.bodies()
        assert world.store.refused == 2

    play(script)


def test_more_failed_purges_than_can_be_remembered_become_one_of_everything() -> None:
    async def script(world: World) -> None:
        world.store.full = True
        for number in range(MOST_OWED + 2):
            with pytest.raises(PurgeError):
                await world.safe.invalidate_key(f"/{number}", number == 0)
        world.store.full = False
        world.now += 10
        assert await world.bodies() == []
        assert (await world.store.epoch(), (await world.store.usage()).entries) == (2, 0)

    play(script)
