"""The edge on a memory store, with a clock that the test moves."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

import pytest
from world import World, answer, play

from isrgen.caching.policy import Lifetime
from isrgen.caching.stored import Stored
from isrgen.edge.counters import Count
from isrgen.edge.refresh import MOST_WAITING
from isrgen.edge.store import PurgeError
from isrgen.edge.stores.memory import MemoryStore
from isrgen.http.answer import Shared
from isrgen.http.context import Purge


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


def test_fallback_data_for_one_visitor_leaves_the_last_good_page() -> None:
    async def script(world: World) -> None:
        world.answers.append(answer("own", None, degraded="the database is away", reason="reads-cookie"))
        await world.get()
        world.now += 100
        await world.get()
        await world.rest()
        assert ((await world.get()).body, world.renders) == (b"page", 2)

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
