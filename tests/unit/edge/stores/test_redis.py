"""The store on Redis: what it costs, what it survives, and that it leaves nothing behind."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from redis_server import RedisServer
from store_play import bodies, made, put, until, variant, with_stores

from isrgen.caching.policy import MAX_VARIANTS
from isrgen.edge.open import open_store
from isrgen.edge.redis.entry import Change, Entry
from isrgen.edge.redis.place import place_of
from isrgen.edge.store import Lease, Store
from isrgen.edge.stores.redis import RedisStore

Play = Callable[..., Awaitable[None]]


def opener(server: RedisServer, **query: object) -> Callable[[], Store]:
    return lambda: open_store(server.url(**query), root=Path(), shared=True)


@pytest.fixture
def play(redis: RedisServer) -> Callable[..., None]:
    """Play with stores on an empty Redis."""
    redis.command("FLUSHALL")
    return lambda script, count=1: with_stores(opener(redis), script, count)


def test_what_is_in_memory_costs_one_question_for_all_and_no_body(
    redis: RedisServer, play: Callable[..., None]
) -> None:
    async def script(store: Store) -> None:
        for number in range(50):
            await put(store, f"/{number}", made(f"{number} " * 5000))
        redis.command("CONFIG", "RESETSTAT")
        found = await asyncio.gather(*(store.get(f"/{number % 50}") for number in range(200)))
        assert [len(variants) for variants in found] == [1] * 200
        assert int(redis.info("cmdstat_evalsha").split(",")[0].removeprefix("calls=")) == 1
        assert int(redis.info("total_net_output_bytes")) < 20_000

    play(script)


def test_a_page_that_came_out_the_same_is_not_sent_to_redis_again(
    redis: RedisServer, play: Callable[..., None]
) -> None:
    """your-digital-rights/yourdigitalrights.org#778: writes of regeneration dominate the bill."""

    async def script(store: Store) -> None:
        await put(store, "/", made("x" * 300_000, 1000.0))
        redis.command("CONFIG", "RESETSTAT")
        await put(store, "/", made("x" * 300_000, 1001.0))
        assert [stored.generated_at for stored in await store.get("/")] == [1001.0]
        assert int(redis.info("total_net_input_bytes")) < 30_000

    play(script)


def test_everything_in_redis_has_an_end(redis: RedisServer, play: Callable[..., None]) -> None:
    async def script(store: Store) -> None:
        await store.announce("b")
        await put(store, "/", made(tags=("t",)))
        await put(store, "/old", made(selecting=variant("de")))
        await store.invalidate_tag("t", False)
        await store.acquire("/", "me", 1000.0, 10.0)
        await store.acquire("/private", "me", 1000.0, 10.0)
        await store.release("/private", "me", 1030.0)
        found = redis.names()
        assert len(found) == 6
        assert [name for name in found if not 0 < redis.number("PTTL", name) < 10**9] == []

    play(script)


def test_builds_and_purges_that_are_long_gone_are_forgotten(
    redis: RedisServer, play: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("isrgen.edge.stores.redis.REMEMBERED", 20)

    async def script(store: Store) -> None:
        for number in range(150):
            await store.announce(f"b{number}")
            await store.invalidate_tag(f"t{number}", False)
        assert redis.number("HLEN", "isrgen:book") < 110
        assert redis.number("ZCARD", "isrgen:index") < 25

    play(script)


def test_stores_with_different_prefixes_share_a_redis_and_nothing_else(redis: RedisServer) -> None:
    redis.command("FLUSHALL")
    stores = iter([opener(redis, prefix="a")(), opener(redis, prefix="b")()])

    async def script(one: Store, two: Store) -> None:
        await put(one, "/", made("one", tags=("t",)))
        await put(two, "/", made("two", tags=("t",)))
        await one.invalidate_tag("all", True)
        assert (await bodies(one, "/"), await bodies(two, "/")) == ([], ["two"])
        assert {name.partition(":")[0] for name in redis.names()} == {"a", "b"}

    with_stores(lambda: next(stores), script, 2)


def test_a_lease_ends_by_the_clock_of_redis_too(play: Callable[..., None]) -> None:
    """Whose clock is behind must not hold a lease that long."""

    async def script(store: Store) -> None:
        assert await store.acquire("/", "one", 1000.0, 0.2) is Lease.MINE
        assert await store.acquire("/", "two", 1000.0, 0.2) is Lease.TAKEN

        async def is_free() -> bool:
            return await store.acquire("/", "two", 1000.0, 0.2) is Lease.MINE

        await until(is_free)

    play(script)


def test_variants_put_in_at_the_same_time_are_all_kept(play: Callable[..., None]) -> None:
    async def script(one: Store, two: Store) -> None:
        done = await asyncio.gather(
            *((one, two)[n % 2].put("/", made(f"{n}", 1000.0, variant(f"l{n}")), 0) for n in range(40))
        )
        assert done == [True] * 40
        assert sorted(await bodies(one, "/"), key=int) == [f"{n}" for n in range(40)]

    play(script, 2)


@pytest.mark.parametrize("hard", [False, True])
def test_a_purge_between_a_look_at_a_key_and_what_is_put_there_is_not_lost(
    play: Callable[..., None], hard: bool
) -> None:
    async def script(one: Store, two: Store) -> None:
        assert isinstance(one, RedisStore)
        commit, times = one._commit, 0

        async def commit_late(key: str, entry: Entry, change: Change) -> bool:
            nonlocal times
            times += 1
            if times == 1:
                await two.invalidate_tag("t", hard)
            return await commit(key, entry, change)

        one._commit = commit_late  # type: ignore[method-assign]
        assert await put(one, "/", made(tags=("t",))) is not hard
        assert [stored.invalidated for stored in await two.get("/")] == ([] if hard else [True])
        assert times == (1 if hard else 2)

    play(script, 2)


def test_what_is_held_in_memory_is_bounded_by_bytes(redis: RedisServer, play: Callable[..., None]) -> None:
    async def script(store: Store) -> None:
        scheme, _, rest = redis.url().partition(":")
        small = RedisStore(place_of(scheme, rest), memory=100_000)
        for number in range(100):
            await put(store, f"/{number}", made(f"{number} " * 2000))
            assert await put(small, f"/mine/{number}", made(f"{number} " * 2000))
        for number in range(100):
            assert await bodies(small, f"/{number}") == [f"{number} " * 2000]
            assert 0 < small._held.bytes <= 100_000
        assert sum(len(v.body) for held in small._held.entries.values() for v in held.variants) <= 100_000
        await small.close()

    play(script)


def test_a_purge_of_more_than_one_script_looks_at_reaches_all(play: Callable[..., None]) -> None:
    async def script(one: Store, two: Store) -> None:
        keys = [f"/{number:03}" for number in range(350)]
        await asyncio.gather(*(put(one, key, made(tags=("t", "u"))) for key in keys))
        assert [len(found) for found in await asyncio.gather(*map(two.get, keys))] == [1] * 350
        assert await one.invalidate_tag("t", False) == keys
        found = await asyncio.gather(*map(two.get, keys))
        assert [stored.invalidated for variants in found for stored in variants] == [True] * 350
        assert await one.invalidate_tag("u", True) == []
        assert await asyncio.gather(*map(two.get, keys)) == [()] * 350
        assert (await two.usage()).entries == 0

    play(script, 2)


def test_one_variant_may_go_and_the_tags_of_the_others_stay(play: Callable[..., None]) -> None:
    async def script(store: Store) -> None:
        await put(store, "/", made("de", 1000.0, variant("de"), ("t", "de")))
        await put(store, "/", made("en", 1001.0, variant("en"), ("t", "en")))
        assert await store.invalidate_tag("de", True) == []
        assert await bodies(store, "/") == ["en"]
        assert await store.invalidate_tag("t", False) == ["/"]
        assert await store.invalidate_tag("de", False) == []
        await store.delete("/", variant("en"))
        assert await store.invalidate_tag("t", False) == []
        assert (await store.usage()).bytes == 0

    play(script)


def test_many_variants_fit_and_a_purge_finds_them(play: Callable[..., None]) -> None:
    async def script(store: Store) -> None:
        for number in range(MAX_VARIANTS + 3):
            await put(store, "/", made(f"{number}", 1000.0 + number, variant(f"l{number}"), (f"t{number}",)))
        assert await store.invalidate_tag("t0", False) == []
        assert await store.invalidate_tag(f"t{MAX_VARIANTS}", False) == ["/"]

    play(script)


# Redis may evict any key at any moment.


def test_pages_whose_index_was_evicted_are_not_sent_for_no_purge_would_reach_them(
    redis: RedisServer, play: Callable[..., None]
) -> None:
    async def script(one: Store, two: Store) -> None:
        for lost in ("isrgen:index", "isrgen:book"):
            epoch = await one.epoch()
            await put(one, "/", made(tags=("t",)))
            assert await bodies(two, "/") == ["tea"]
            redis.command("DEL", lost)
            assert await bodies(two, "/") == await bodies(one, "/") == []
            assert await one.keys() == []
            await two.invalidate_tag("u", True)
            assert await bodies(one, "/") == []
            await two.put("/", made(tags=("t",)), epoch)
            assert [stored.invalidated for stored in await one.get("/")] == [True]

    play(script, 2)


def test_an_index_of_pages_that_were_evicted_is_harmless_and_grows_no_further(
    redis: RedisServer, play: Callable[..., None]
) -> None:
    async def script(store: Store) -> None:
        for round_ in range(20):
            await asyncio.gather(
                *(put(store, f"/{round_}-{n}", made(tags=("t", f"t{n}", f"r{round_}"))) for n in range(50))
            )
            redis.command("DEL", *(name for name in redis.names() if name.startswith("isrgen:e:")))
        assert await store.keys() == []
        await put(store, "/", made(tags=("t",)))
        assert await bodies(store, "/") == ["tea"]
        assert redis.number("ZCARD", "isrgen:index") < 1500
        assert await store.invalidate_tag("t", False) == ["/"]
        assert await store.invalidate_tag("all", False) == ["/"]
        assert await store.usage() == type(await store.usage())(1, made(tags=("t",)).size)

    play(script)


def test_a_body_that_is_damaged_is_not_sent_and_goes(
    redis: RedisServer, play: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    async def script(one: Store, two: Store) -> None:
        await put(one, "/", made("tea"))
        fields = redis.command("HKEYS", "isrgen:e:/").decode().split()
        redis.command("HSET", "isrgen:e:/", next(f for f in fields if f[0] == "b" and len(f) > 20), "milk")
        assert await bodies(two, "/") == []
        assert await bodies(one, "/") == []
        assert redis.number("EXISTS", "isrgen:e:/") == 0

    play(script, 2)
    assert "damaged" in caplog.text
