"""Regenerations behind the visitors' backs: what becomes of those that fail, or that others have taken."""

from __future__ import annotations

import asyncio
import logging

import pytest

from isrgen.caching.policy import Lifetime
from isrgen.caching.stored import Stored
from isrgen.edge import refresh
from isrgen.edge.counters import Count
from isrgen.edge.driver import Edge
from isrgen.edge.exchange import Exchange, Served
from isrgen.edge.landing import Kept, Pages
from isrgen.edge.store import Lease, Store
from isrgen.edge.stores.memory import MemoryStore
from isrgen.http.answer import Answer, Shared
from isrgen.http.headers import Headers

KEY = "/"
SHARED = Shared(Lifetime(60, 600))


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


async def page() -> Answer:
    return Answer(200, Headers(), b"page", shared=SHARED)


def edge_of(store: Store, clock: Clock, wording: Pages | None = None) -> Edge:
    return Edge(store, clock=clock, build="b", deadline=0.3, wording=wording)


async def visit(edge: Edge) -> Served:
    return await edge.serve(Exchange(KEY, "", lambda names: (), page, lambda headers: page()))


async def rest() -> None:
    for _ in range(60):
        await asyncio.sleep(0)


def test_what_a_refresh_raises_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """vercel/next.js#92519: errors in the background were swallowed."""

    class Broken(Pages):
        def stored(self, answer: Answer, shared: Shared, kept: Kept) -> Stored:
            if kept.begun > 1000.0:
                raise ValueError("no words for this")
            return super().stored(answer, shared, kept)

    async def script() -> None:
        clock = Clock()
        edge = edge_of(MemoryStore(), clock, Broken())
        await visit(edge)
        clock.now += 100
        assert (await visit(edge)).cache_status.detail == "revalidating"
        await edge.close()

    with caplog.at_level(logging.ERROR, "isrgen"):
        asyncio.run(script())
    assert "no words for this" in caplog.text


def test_a_page_that_another_process_refreshes_is_not_asked_for_with_every_visit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else each stale hit is a look into the shared store, for as long as that render takes."""
    monkeypatch.setattr(refresh, "ANOTHER_LOOK", 1000.0)

    class Shared(MemoryStore):
        asked = 0

        async def acquire(self, key: str, owner: str, now: float, seconds: float) -> Lease:
            self.asked += 1
            return Lease.TAKEN if now > 1000.0 else Lease.MINE

    async def script() -> None:
        clock, store = Clock(), Shared()
        edge = edge_of(store, clock)
        await visit(edge)
        clock.now += 100
        before = store.asked
        for _ in range(20):
            assert (await visit(edge)).cache_status.detail == "revalidating"
            await rest()
        (stored,) = await store.get(KEY)
        assert edge.is_refreshing(KEY, stored)
        assert store.asked == before + 1
        assert edge.counters.totals()[Count.REFRESHES] == 0
        await edge.close()

    asyncio.run(script())


def test_what_is_called_off_at_the_end_is_over_before_the_store_is_closed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Its lease is given back; a closed store would be told of as one that fails."""

    class Closing(MemoryStore):
        closed = False

        async def release(self, key: str, owner: str, private_until: float = 0.0) -> None:
            if self.closed:
                raise OSError("it is closed")

        async def close(self) -> None:
            self.closed = True

    async def never() -> Answer:
        await asyncio.Event().wait()
        raise AssertionError

    async def script() -> None:
        clock = Clock()
        edge = Edge(Closing(), clock=clock, build="b", deadline=30.0)
        await visit(edge)
        clock.now += 100
        await edge.serve(Exchange(KEY, "", lambda names: (), page, lambda headers: never()))
        await rest()
        # The end has less patience than a refresh that has just begun.
        edge._deadline = 0.01
        await edge.close()
        await rest()

    with caplog.at_level(logging.ERROR, "isrgen"):
        asyncio.run(script())
    assert "store fails" not in caplog.text


def test_what_waits_for_another_process_keeps_none_from_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refresh, "ANOTHER_LOOK", 1000.0)

    class Shared(MemoryStore):
        async def acquire(self, key: str, owner: str, now: float, seconds: float) -> Lease:
            taken = now > 1000.0 and "/taken" in key
            return Lease.TAKEN if taken else await super().acquire(key, owner, now, seconds)

    async def script() -> None:
        clock = Clock()
        edge = edge_of(Shared(), clock)
        keys = [f"/taken/{number}" for number in range(10)] + ["/free"]
        for _ in range(2):
            for key in keys:
                await edge.serve(Exchange(key, "", lambda names: (), page, lambda headers: page()))
            await rest()
            clock.now += 100
        (free,) = await edge.store.get("/free")
        assert free.generated_at == 1100.0
        await edge.close()

    asyncio.run(script())
