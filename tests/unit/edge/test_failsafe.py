"""A store that cannot take the site down, and never claims what it did not do."""

from __future__ import annotations

import asyncio
import logging
import resource
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from isrgen.caching.policy import Lifetime
from isrgen.caching.stored import Stored
from isrgen.edge.debts import MOST_PURGES
from isrgen.edge.driver import Edge
from isrgen.edge.exchange import Exchange, Served
from isrgen.edge.failsafe import Failsafe
from isrgen.edge.store import PurgeError
from isrgen.edge.stores.disk import DiskStore
from isrgen.edge.stores.memory import MemoryStore
from isrgen.http.answer import Answer, Shared
from isrgen.http.context import Purge
from isrgen.http.headers import Headers


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
        for number in range(MOST_PURGES + 2):
            with pytest.raises(PurgeError):
                await world.safe.invalidate_key(f"/{number}", number == 0)
        world.store.full = False
        world.now += 10
        assert await world.bodies() == []
        assert (await world.store.epoch(), (await world.store.usage()).entries) == (2, 0)

    play(script)


# A real store, on a disk that takes nothing, and on one that takes no more.


class Site:
    """An edge on a store on disk, and a page of a size."""

    def __init__(self, path: Path) -> None:
        self.renders = 0
        self.edge = Edge(DiskStore(path), clock=lambda: 1000.0, build="b")

    async def render(self) -> Answer:
        self.renders += 1
        return Answer(200, Headers(), b"x" * 50_000, shared=Shared(Lifetime(60), tags=("t",)))

    async def get(self, key: str) -> Served:
        return await self.edge.serve(
            Exchange(key, "", lambda names: (), self.render, lambda _: self.render())
        )


@contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    """For a store that is what a full disk is: writes fail where a file would have to grow."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_takes_nothing_leaves_the_site_up_and_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """zachpmanson/penultimate-guitar#164: on a read-only disk every write failed, and so did every page."""
    (tmp_path / "file").write_text("no folder can be made below a file")

    async def run() -> None:
        site = Site(tmp_path / "file" / "edge.db")
        await site.edge.start()
        for number in range(1, 4):
            served = await site.get("/")
            assert (served.status, served.cache_status.stored, site.renders) == (200, False, number)
        with pytest.raises(PurgeError):
            await site.edge.purge([Purge(tag="t")])
        await site.edge.close()

    with caplog.at_level(logging.ERROR):
        asyncio.run(run())
    failed, unpaid = (record.message for record in caplog.records)
    assert failed.startswith("the edge store fails")
    assert unpaid.endswith("never carried out: what is concerned may still be there")


def test_a_disk_that_is_full_from_the_start_leaves_the_site_up(tmp_path: Path) -> None:
    async def run() -> None:
        site = Site(tmp_path / "edge.db")
        with no_file_longer_than(64 * 1024):
            await site.edge.start()
            assert [(await site.get("/")).status for _ in range(3)] == [200, 200, 200]
        assert site.renders == 3
        await site.edge.close()

    asyncio.run(run())


def test_a_disk_that_fills_up_sends_what_it_has_and_works_again_when_there_is_room(tmp_path: Path) -> None:
    """zachpmanson/penultimate-guitar#164, while the site runs."""

    async def run() -> None:
        site = Site(tmp_path / "edge.db")
        await site.edge.start()
        await site.get("/kept")
        log = (tmp_path / "edge.db-wal").stat().st_size
        with no_file_longer_than(max(log, 140_000)):
            assert [(await site.get(f"/{number}")).status for number in range(5)] == [200] * 5
            assert (await site.get("/kept")).cache_status.hit
            last = await site.get("/last")
            assert (last.status, last.cache_status.stored) == (200, False)
        assert (await site.get("/last")).cache_status.stored
        assert (await site.get("/last")).cache_status.hit
        await site.edge.purge([Purge(tag="t", hard=True)])
        assert not (await site.get("/kept")).cache_status.hit
        await site.edge.close()

    asyncio.run(run())
