"""Regenerations behind the visitors' backs: what becomes of those that fail, or that others have taken."""

from __future__ import annotations

import asyncio
import logging

import pytest
from world import World, answer, play

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
from isrgen.http.context import Purge
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


def test_a_refresh_that_hangs_keeps_the_page_and_does_not_stop_later_ones() -> None:
    async def script(world: World) -> None:
        await world.get()
        world.now += 100
        world.gate.clear()
        assert (await world.get()).cache_status.detail == "revalidating"
        while (await world.get()).cache_status.detail != "backing-off":
            await asyncio.sleep(0.01)
        await world.rest()
        world.gate.set()
        world.now += 2
        await world.get()
        await world.rest()
        assert (await world.get()).age == 0

    play(script, deadline=0.3)


def test_regenerations_are_bounded_in_number() -> None:
    async def script(world: World) -> None:
        for number in range(10):
            await world.get(f"/{number}")
        world.now += 100
        world.gate.clear()
        for number in range(10):
            await world.get(f"/{number}")
        await world.rest()
        assert world.renders == 12
        world.gate.set()
        await world.rest()
        await world.rest()
        assert world.renders == 20

    play(script)


def test_a_soft_purge_starts_to_regenerate_at_once_without_a_visitor() -> None:
    async def script(world: World) -> None:
        await world.get()
        await world.edge.purge([Purge(tag="T")])
        await world.rest()
        assert world.renders == 2
        assert (await world.get()).cache_status.ttl == 60

    play(script)


def test_a_purge_ends_the_rest_that_a_failing_origin_was_given() -> None:
    async def script(world: World) -> None:
        world.answers = [answer(), answer("down", None, status=503), answer("new")]
        await world.get()
        world.now += 100
        await world.get()
        await world.rest()
        assert (await world.get()).cache_status.detail == "backing-off"
        await world.edge.purge([Purge(tag="t")])
        assert (await world.get()).cache_status.detail == "revalidating"
        await world.rest()
        assert (await world.get()).body == b"new"

    play(script)


def test_a_refresh_has_the_varied_headers_and_nothing_else() -> None:
    async def script(world: World) -> None:
        world.answers = [answer(shared=Shared(Lifetime(60, 600), vary=("accept-language",), tags=("t",)))]
        await world.get(language="DE;q=0.3")
        await world.get()
        world.now += 100
        await world.get(language="de")
        await world.rest()
        await world.edge.purge([Purge(tag="t")])
        await world.rest()
        assert world.cleaned[0] == (("accept-language", "de"),)
        assert sorted(world.cleaned[1:]) == [(), (("accept-language", "de"),)]

    play(script)


def test_what_another_build_made_is_sent_stale_and_refreshed() -> None:
    store = MemoryStore()

    async def script(world: World) -> None:
        served = await world.get()
        assert (served.body, served.cache_status.detail) == (b"page", "revalidating")
        await world.rest()
        assert (await world.get()).body == b"new"

    async def run() -> None:
        old = World(store=store)
        await old.edge.start()
        await old.get()
        new = World(store=store, build="c", answers=[answer("new")])
        await new.edge.start()
        await script(new)

    asyncio.run(run())


def test_closing_waits_for_what_is_under_way_and_keeps_it() -> None:
    async def run() -> None:
        world = World()
        world.gate.clear()
        visit = asyncio.ensure_future(world.get())
        await world.rest()
        closing = asyncio.ensure_future(world.edge.close())
        await world.rest()
        assert not closing.done()
        world.gate.set()
        await closing
        assert (await visit).status == 200

    asyncio.run(run())


def test_closing_does_not_wait_for_ever() -> None:
    async def run() -> None:
        world = World(deadline=0.3)
        await world.get()
        world.now += 100
        world.gate.clear()
        await world.get()
        async with asyncio.timeout(30):
            await world.edge.close()

    asyncio.run(run())
