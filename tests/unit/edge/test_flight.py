"""Flights: who waits for whom, what becomes of those that fail, and what other processes know."""

from __future__ import annotations

import asyncio

from world import World, answer, play

from isrgen.caching.policy import Lifetime
from isrgen.caching.settle import PRIVATE_SECONDS
from isrgen.caching.stored import Stored
from isrgen.edge.store import Lease
from isrgen.edge.stores.memory import MemoryStore
from isrgen.http.answer import Outcome


def test_a_visitor_who_goes_away_does_not_take_the_flight_along() -> None:
    async def script(world: World) -> None:
        world.gate.clear()
        first, second = asyncio.ensure_future(world.get()), asyncio.ensure_future(world.get())
        await world.rest()
        first.cancel()
        await world.rest()
        world.gate.set()
        assert (await second).body == b"page"
        assert world.renders == 1

    play(script)


def test_our_own_error_is_told_to_all_who_waited_and_kept_for_nobody() -> None:
    async def script(world: World) -> None:
        world.answers = [answer("busy", None, status=503, outcome=Outcome.BUSY), answer()]
        world.gate.clear()
        visits = [asyncio.ensure_future(world.get()) for _ in range(5)]
        await world.rest()
        world.gate.set()
        assert {one.status for one in await asyncio.gather(*visits)} == {503}
        assert world.renders == 1
        assert (await world.get()).status == 200

    play(script)


def test_a_key_that_was_private_is_not_collapsed_for_a_while() -> None:
    async def script(world: World) -> None:
        world.answers = [answer(shared=None, reason="reads-cookie")]
        assert (await world.get()).cache_status.detail == "reads-cookie"
        world.gate.clear()
        visits = [asyncio.ensure_future(world.get()) for _ in range(3)]
        await world.rest()
        assert world.renders == 4
        world.gate.set()
        await asyncio.gather(*visits)

    play(script)


def test_other_processes_are_told_that_a_key_is_private() -> None:
    released: list[float] = []

    class Noting(MemoryStore):
        async def release(self, key: str, owner: str, private_until: float = 0.0) -> None:
            released.append(private_until)
            await super().release(key, owner, private_until)

    async def script(world: World) -> None:
        world.answers = [answer(), answer(shared=None)]
        await world.get("/shared")
        await world.get("/private")
        assert released == [0.0, world.now + PRIVATE_SECONDS]

    play(script, store=Noting())


def test_a_key_that_was_private_and_made_of_fallback_data_is_not_collapsed_either() -> None:
    async def script(world: World) -> None:
        world.answers = [answer(shared=None, degraded="the database is away", reason="reads-cookie")]
        await world.get()
        world.gate.clear()
        visits = [asyncio.ensure_future(world.get()) for _ in range(3)]
        await world.rest()
        assert world.renders == 4
        world.gate.set()
        assert all(
            ("Cache-Control", "private, no-store") in one.headers for one in await asyncio.gather(*visits)
        )

    play(script)


def test_a_render_past_its_deadline_is_a_504_and_the_next_one_may_try() -> None:
    async def script(world: World) -> None:
        world.gate.clear()
        assert (await world.get()).status == 504
        world.gate.set()
        assert (await world.get()).status == 200

    play(script, deadline=0.3)


def test_a_page_that_another_process_stored_meanwhile_is_not_rendered_again() -> None:
    """It may have had the lease, and given it back, since this one looked."""

    class Late(MemoryStore):
        async def acquire(self, key: str, owner: str, now: float, seconds: float) -> Lease:
            page = Stored(200, (), b"its", '"its"', Lifetime(60), now, build="b")
            await self.put("/", page, await self.epoch())
            return await super().acquire(key, owner, now, seconds)

    async def script(world: World) -> None:
        served = await world.get()
        assert (served.body, str(served.cache_status)) == (b"its", "isrgen; hit; ttl=60; detail=collapsed")
        assert world.renders == 0

    play(script, store=Late())


def test_a_page_that_is_older_than_one_that_others_were_sent_is_sent_to_nobody() -> None:
    """Its render began first and took longer, its lease over: the newer page stays, and goes out."""

    async def script(world: World) -> None:
        world.gate.clear()
        visits = [asyncio.ensure_future(world.get()) for _ in range(2)]
        await world.rest()
        newer = Stored(200, (), b"newer", '"newer"', Lifetime(60), 1001.0, build="b")
        assert await world.store.put("/", newer, await world.store.epoch())
        world.now = 1002.0
        world.gate.set()
        assert [served.body for served in await asyncio.gather(*visits)] == [b"newer"] * 2
        assert world.renders == 1

    play(script)


def test_nobody_waits_for_another_process_longer_than_for_a_render() -> None:
    class Taken(MemoryStore):
        async def acquire(self, key: str, owner: str, now: float, seconds: float) -> Lease:
            return Lease.TAKEN

    async def script(world: World) -> None:
        async with asyncio.timeout(30):
            assert (await world.get()).body == b"page"

    play(script, store=Taken(), deadline=0.1)


def test_a_worker_of_an_older_build_sends_the_newer_page_and_lets_it_be() -> None:
    store = MemoryStore()

    async def run() -> None:
        old = World(store=store, answers=[answer("old")])
        await old.edge.start()
        new = World(store=store, build="c", answers=[answer("new")])
        await new.edge.start()
        await new.get()
        for _ in range(5):
            assert (await old.get()).body == b"new"
            await old.rest()
        assert old.renders == 1
        assert (await new.get()).cache_status.ttl == 60

    asyncio.run(run())


def test_those_who_waited_for_a_failure_do_not_each_render_anew() -> None:
    async def script(world: World) -> None:
        world.answers = [answer("the loader's own words", None, status=503)]
        world.gate.clear()
        visits = [asyncio.ensure_future(world.get()) for _ in range(50)]
        await world.rest()
        world.gate.set()
        assert {one.status for one in await asyncio.gather(*visits)} == {503}
        assert world.renders == 4

    play(script)
