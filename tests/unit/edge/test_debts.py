"""What a store missed while it failed, it is told when it works again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest
from store_play import bodies, made, put

from isrgen.caching.stored import HeaderPairs, Stored
from isrgen.edge.counters import Count, Counters
from isrgen.edge.failsafe import Failsafe
from isrgen.edge.store import PurgeError
from isrgen.edge.stores.memory import MemoryStore


class OddError(Exception):
    """Of no kind that anybody could have listed."""


class Shaky(MemoryStore):
    """A store that takes nothing while it is ``down``; it reads as ever."""

    down = False

    async def put(self, key: str, stored: Stored, epoch: int) -> bool:
        self._check()
        return await super().put(key, stored, epoch)

    async def delete(self, key: str, selecting: HeaderPairs | None = None) -> None:
        self._check()
        await super().delete(key, selecting)

    async def announce(self, build: str) -> None:
        self._check()
        await super().announce(build)

    async def invalidate_tag(self, tag: str, hard: bool) -> list[str]:
        self._check()
        return await super().invalidate_tag(tag, hard)

    def _check(self) -> None:
        if self.down:
            raise OddError


def play(script: Callable[[Shaky, Failsafe, Counters], Awaitable[None]]) -> None:
    async def run() -> None:
        store, counters = Shaky(), Counters()
        safe = Failsafe(store, counters=counters)
        await script(store, safe, counters)
        await safe.close()

    asyncio.run(run())


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.02)


def test_a_page_that_was_sent_and_not_kept_is_not_followed_by_an_older_one() -> None:
    """Neither here, nor, once the store works again, in any other process."""

    async def script(store: Shaky, safe: Failsafe, counters: Counters) -> None:
        await put(safe, "/", made("old", 1000.0))
        await put(safe, "/b", made("b", 1000.0))
        store.down = True
        assert not await put(safe, "/", made("new", 1001.0))
        assert (await bodies(safe, "/"), safe.peek("/")) == ([], None)
        assert await bodies(safe, "/b") == ["b"]
        store.down = False
        await until(lambda: not store.peek("/"))
        assert safe.peek("/b") is not None
        await put(safe, "/", made("newer", 1002.0))
        assert await bodies(safe, "/") == ["newer"]

    play(script)


def test_a_page_that_is_kept_at_last_is_sent() -> None:
    async def script(store: Shaky, safe: Failsafe, counters: Counters) -> None:
        await put(safe, "/", made("old", 1000.0))
        store.down = True
        await put(safe, "/", made("new", 1001.0))
        store.down = False
        assert await put(safe, "/", made("newer", 1002.0))
        assert await bodies(safe, "/") == ["newer"]

    play(script)


def test_a_failed_purge_is_carried_out_without_a_visitor() -> None:
    async def script(store: Shaky, safe: Failsafe, counters: Counters) -> None:
        await put(safe, "/", made(tags=("t",)))
        store.down = True
        with pytest.raises(PurgeError):
            await safe.invalidate_tag("t", True)
        assert safe.peek("/") is None
        assert store.peek("/")
        store.down = False
        await until(lambda: not store.peek("/"))

    play(script)


def test_a_build_that_could_not_be_announced_is_announced_later() -> None:
    async def script(store: Shaky, safe: Failsafe, counters: Counters) -> None:
        await safe.announce("one")
        store.down = True
        await safe.announce("two")
        store.down = False
        await until(lambda: "two" in store._builds)
        assert await put(safe, "/", made("two", 1000.0, build="two"))
        assert not await put(safe, "/", made("one", 2000.0, build="one"))

    play(script)


def test_faults_are_counted_and_told_once_and_so_is_their_end(caplog: pytest.LogCaptureFixture) -> None:
    async def script(store: Shaky, safe: Failsafe, counters: Counters) -> None:
        store.down = True
        for number in range(5):
            await put(safe, f"/{number}", made())
        assert counters.totals()[Count.STORE_ERRORS] == 5
        store.down = False
        for number in range(5):
            await put(safe, f"/{number}", made())

    with caplog.at_level(logging.WARNING, "isrgen"):
        play(script)
    assert [record.message for record in caplog.records] == [
        "the edge store fails, pages are rendered for every visitor: OddError",
        "the edge store works again",
    ]


def test_a_purge_that_never_got_through_is_told_at_the_end(caplog: pytest.LogCaptureFixture) -> None:
    async def script(store: Shaky, safe: Failsafe, counters: Counters) -> None:
        store.down = True
        with pytest.raises(PurgeError):
            await safe.invalidate_tag("t", True)

    play(script)
    assert "1 purge of the edge store was never carried out" in caplog.text
