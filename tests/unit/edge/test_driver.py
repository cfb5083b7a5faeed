"""The edge on a memory store, with a clock that the test moves."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

import pytest

from isrgen.caching.keys import selecting_fields
from isrgen.caching.policy import Lifetime
from isrgen.caching.settle import PRIVATE_SECONDS
from isrgen.caching.stored import HeaderPairs, Stored
from isrgen.edge.counters import Count
from isrgen.edge.driver import Edge
from isrgen.edge.exchange import Exchange, Served
from isrgen.edge.refresh import MOST_WAITING
from isrgen.edge.store import Lease, PurgeError, Store
from isrgen.edge.stores.memory import MemoryStore
from isrgen.http.answer import Answer, Outcome, Shared
from isrgen.http.context import Purge
from isrgen.http.headers import Headers

LONG = Shared(Lifetime(60, 600, 6000), tags=("t",))


def answer(body: str = "page", shared: Shared | None = LONG, **facts: object) -> Answer:
    headers = Headers({"Content-Type": "text/html", "ETag": '"mine"', "Expires": "0"})
    made = Answer(200, headers, body.encode(), shared=shared)
    for name, value in facts.items():
        setattr(made, name, value)
    return made


@dataclass
class World:
    """One edge, and an origin that answers what it is told and waits while ``gate`` is shut."""

    store: Store = field(default_factory=MemoryStore)
    build: str = "b"
    behind: str | None = None
    deadline: float = 5.0
    now: float = 1000.0
    answers: list[Answer] = field(default_factory=lambda: [answer()])
    cleaned: list[HeaderPairs] = field(default_factory=list)
    renders: int = 0

    def __post_init__(self) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self.edge = Edge(
            self.store,
            clock=lambda: self.now,
            behind=self.behind,
            build=self.build,
            deadline=self.deadline,
            max_regenerations=2,
            regenerate=lambda key, headers: self.clean(headers),
        )

    async def render(self) -> Answer:
        made = self.answers[min(self.renders, len(self.answers) - 1)]
        self.renders += 1
        await self.gate.wait()
        return replace(made, headers=made.headers.copy())

    async def clean(self, headers: HeaderPairs) -> Answer:
        self.cleaned.append(headers)
        return await self.render()

    async def get(self, key: str = "/", language: str = "", bypass: str = "") -> Served:
        headers = [("Accept-Language", language), ("Cookie", "a=1")]
        return await self.edge.serve(
            Exchange(key, bypass, lambda names: selecting_fields(names, headers), self.render, self.clean)
        )

    async def rest(self) -> None:
        for _ in range(60):
            await asyncio.sleep(0)


def play(script: Callable[[World], Awaitable[None]], **facts: object) -> None:
    async def run() -> None:
        world = World(**facts)  # type: ignore[arg-type]
        await world.edge.start()
        try:
            await script(world)
        finally:
            world.gate.set()
            await world.edge.close()

    asyncio.run(run())


def test_what_a_sites_code_says_of_caching_is_not_sent() -> None:
    async def script(world: World) -> None:
        for served in (await world.get(), await world.get(), await world.get(bypass="cookie")):
            names = [name for name, _ in served.headers]
            assert "ETag" not in names
            assert "Expires" not in names
            assert names.count("Cache-Control") == 1

    play(script)


def test_identical_bytes_keep_their_entity_tag() -> None:
    async def script(world: World) -> None:
        first = await world.get()
        world.now += 100
        await world.get()
        await world.rest()
        again = await world.get()
        assert (world.renders, again.age) == (2, 0)
        assert first.etag == again.etag != ""

    play(script)


@pytest.mark.parametrize("degraded", [None, "the database is away"])
def test_an_answer_that_sets_a_cookie_is_not_shared_even_if_it_was_judged_so(degraded: str | None) -> None:
    """aws-amplify/amplify-hosting#4100: one visitor's tokens, sent to the next."""

    async def script(world: World) -> None:
        world.answers[0].degraded = degraded
        world.answers[0].headers.set("Set-Cookie", "token=1")
        served = await asyncio.gather(world.get(), world.get())
        assert world.renders == 2
        assert all(("Cache-Control", "private, no-store") in one.headers for one in served)

    play(script)


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


def test_those_who_wait_share_only_what_they_select() -> None:
    async def script(world: World) -> None:
        world.answers = [answer(shared=Shared(Lifetime(60), vary=("accept-language",)))]
        world.gate.clear()
        visits = [asyncio.ensure_future(world.get(language=one)) for one in ("de", "en", "de", "en")]
        await world.rest()
        assert world.renders == 1
        world.gate.set()
        served = await asyncio.gather(*visits)
        assert world.renders == 2
        assert all(("Vary", "Accept-Language") in one.headers for one in served)

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


def test_fallback_data_for_one_visitor_leaves_the_last_good_page() -> None:
    async def script(world: World) -> None:
        world.answers.append(answer("own", None, degraded="the database is away", reason="reads-cookie"))
        await world.get()
        world.now += 100
        await world.get()
        await world.rest()
        assert ((await world.get()).body, world.renders) == (b"page", 2)

    play(script)


def test_a_render_past_its_deadline_is_a_504_and_the_next_one_may_try() -> None:
    async def script(world: World) -> None:
        world.gate.clear()
        assert (await world.get()).status == 504
        world.gate.set()
        assert (await world.get()).status == 200

    play(script, deadline=0.3)


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


def test_a_path_is_purged_however_it_is_written() -> None:
    async def script(world: World) -> None:
        for path in ("/café", "/caf%C3%A9/", "/café/?page=1"):
            await world.get("/caf%C3%A9/")
            await world.edge.purge([Purge(path=path, hard=True)])
            assert (await world.get("/caf%C3%A9/")).cache_status.stored

    play(script)


def test_what_a_render_purges_is_purged_before_its_response_is_sent() -> None:
    async def script(world: World) -> None:
        await world.get("/a")
        world.answers.append(answer(purges=(Purge(path="/a", hard=True),)))
        await world.get("/api", bypass="cookie")
        assert (await world.get("/a")).cache_status.fwd is not None

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


def test_a_seed_is_stale_from_the_start_and_never_over_a_page() -> None:
    async def script(world: World) -> None:
        await world.edge.seed("/", answer("seed"))
        assert (await world.get()).cache_status.detail == "revalidating"
        await world.rest()
        await world.edge.seed("/", answer("seed"))
        assert (await world.get()).body == b"page"

    play(script)


def test_a_store_that_fails_leaves_the_site_up(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(MemoryStore):
        async def get(self, key: str) -> list[object]:  # type: ignore[override]
            raise OSError("the disk is gone")

        async def put(self, *args: object) -> bool:  # type: ignore[override]
            raise OSError("the disk is full")

    async def script(world: World) -> None:
        for _ in range(5):
            served = await world.get()
            assert (served.status, served.cache_status.stored) == (200, False)

    with caplog.at_level(logging.ERROR):
        play(script, store=Broken())
    assert [record.message.count("the edge store fails") for record in caplog.records] == [1]


class Counting(MemoryStore):
    """A store that counts the looks into it."""

    gets = 0

    async def get(self, key: str) -> Sequence[Stored]:
        self.gets += 1
        return await super().get(key)


def test_a_purge_of_everything_reads_nothing_that_is_gone() -> None:
    async def script(world: World) -> None:
        world.answers = [answer(status=404)]
        for number in range(50):
            await world.get(f"/{number}")
        store.gets = 0
        await world.edge.purge([Purge(tag="all")])
        await world.rest()
        assert (store.gets, world.renders) == (0, 50)

    store = Counting()
    play(script, store=store)


def test_a_purge_is_done_before_what_it_hit_is_looked_at_and_no_more_of_that_than_may_wait() -> None:
    async def script(world: World) -> None:
        for number in range(MOST_WAITING + 50):
            await world.get(f"/{number}")
        store.gets = 0
        world.gate.clear()
        await world.edge.purge([Purge(tag="all")])
        assert store.gets == 0
        await world.rest()
        assert MOST_WAITING <= store.gets < MOST_WAITING + 20
        assert (await world.get("/1")).cache_status.detail == "revalidating"

    store = Counting()
    play(script, store=store)


class Unpurged(MemoryStore):
    """A store that takes no purge of /a."""

    async def invalidate_key(self, prefix: str, hard: bool) -> list[str]:
        if prefix.startswith("/a"):
            raise OSError("the disk is full")
        return await super().invalidate_key(prefix, hard)


def test_purges_that_failed_are_told_after_the_others_were_carried_out() -> None:
    async def script(world: World) -> None:
        await world.get("/b")
        with pytest.raises(PurgeError):
            await world.edge.purge([Purge(path="/a", hard=True), Purge(path="/b", hard=True)])
        assert (await world.get("/b")).cache_status.hit is False
        assert await world.store.keys() == ["/b"]
        assert world.renders == 2

    play(script, store=Unpurged())


def test_a_handler_whose_purge_failed_is_a_503() -> None:
    async def script(world: World) -> None:
        world.answers = [answer("done", purges=(Purge(path="/a"),))]
        for bypass in ("", "authorization"):
            served = await world.get("/api", bypass=bypass)
            assert (served.status, ("Cache-Control", "private, no-store") in served.headers) == (503, True)

    play(script, store=Unpurged())


def test_a_key_that_is_too_long_is_rendered_and_not_kept() -> None:
    async def script(world: World) -> None:
        assert str((await world.get("")).cache_status) == "isrgen; fwd=bypass; detail=key-too-long"
        assert (await world.edge.store.usage()).entries == 0

    play(script)


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


def test_behind_a_cdn_its_own_words_are_stored() -> None:
    async def script(world: World) -> None:
        names = [name for name, _ in (await world.get()).headers]
        assert "Surrogate-Control" in names

    play(script, behind="fastly")


def test_what_happens_is_counted_each_visit_once() -> None:
    async def script(world: World) -> None:
        world.gate.clear()
        visits = [asyncio.ensure_future(world.get()) for _ in range(3)]
        await world.rest()
        world.gate.set()
        await asyncio.gather(*visits)
        await world.get()
        world.now += 100
        await world.get()
        await world.rest()
        await world.get(bypass="cookie")
        await world.edge.purge([Purge(tag="t", hard=True)])
        counted = {count: number for count, number in world.edge.counters.totals().items() if number}
        counted.pop(Count.RENDER_MICROSECONDS, None)
        assert counted == {
            Count.MISS: 3,
            Count.COLLAPSED: 2,
            Count.HIT: 1,
            Count.STALE: 1,
            Count.BYPASS: 1,
            Count.RENDERS: 3,
            Count.REFRESHES: 1,
            Count.RENEWED: 1,
            Count.PURGES: 1,
        }

    play(script)


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
