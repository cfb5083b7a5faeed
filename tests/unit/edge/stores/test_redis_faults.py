"""A Redis that is restarted, is full, hangs, or wants another password."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from redis_server import RedisServer
from store_play import bodies, made, put, until, with_stores

from isrgen.edge.counters import Count, Counters
from isrgen.edge.failsafe import Failsafe
from isrgen.edge.open import open_store
from isrgen.edge.redis.link import AwayError, RefusedError
from isrgen.edge.store import Store


def opener(server: RedisServer, **query: object) -> Callable[[], Store]:
    return lambda: open_store(server.url(**query), root=Path(), shared=True)


def test_after_a_restart_nothing_older_comes_back(own_redis: RedisServer) -> None:
    """Neither from memory nor from what Redis saved: it does not know what was purged since."""

    async def script(one: Store, two: Store) -> None:
        epoch = await one.epoch()
        await put(one, "/", made("old", 1000.0, tags=("t",)))
        assert await bodies(two, "/") == ["old"]
        own_redis.command("SAVE")
        await one.invalidate_tag("t", True)
        own_redis.stop()
        with pytest.raises(AwayError):
            await one.get("/")
        own_redis.start()
        assert own_redis.number("EXISTS", "isrgen:e:/") == 1
        await until(lambda: works(one))
        await until(lambda: works(two))
        assert await bodies(one, "/") == await bodies(two, "/") == []
        await one.put("/", made("begun before", 1001.0, tags=("t",)), epoch)
        assert [stored.invalidated for stored in await two.get("/")] == [True]

    with_stores(opener(own_redis.start()), script, 2)


async def works(store: Store) -> bool:
    try:
        await store.get("/")
    except AwayError:
        return False
    return True


def test_after_a_restart_an_older_build_is_still_the_older(own_redis: RedisServer) -> None:
    async def script(old: Store, new: Store) -> None:
        await old.announce("old")
        await new.announce("new")
        own_redis.command("FLUSHALL")
        assert await put(new, "/", made("new", 1000.0, build="new"))
        assert not await put(old, "/", made("old", 2000.0, build="old"))
        own_redis.command("FLUSHALL")
        assert await put(old, "/", made("old", 2000.0, build="old"))
        assert await put(new, "/", made("new", 1000.0, build="new"))

    with_stores(opener(own_redis.start()), script, 2)


def test_a_redis_that_hangs_is_asked_once_and_then_only_behind_the_visitors_backs(
    own_redis: RedisServer,
) -> None:
    async def script(store: Store) -> None:
        await put(store, "/", made())
        own_redis.pause()
        with pytest.raises(AwayError, match="no answer in time"):
            await store.get("/")
        for _ in range(100):
            with pytest.raises(AwayError, match="is away"):
                await store.get("/")
        own_redis.resume()
        await until(lambda: works(store))
        assert await bodies(store, "/") == ["tea"]

    with_stores(opener(own_redis.start(), timeout=0.5), script)


def test_a_moment_passes_between_the_return_of_redis_and_the_first_look(own_redis: RedisServer) -> None:
    """In it those purges are carried out that could not be while it was away."""

    async def script(store: Store) -> None:
        await put(store, "/", made(tags=("t",)))
        own_redis.pause()
        with pytest.raises(AwayError):
            await store.get("/")
        own_redis.resume()

        async def purges() -> bool:
            try:
                await store.invalidate_tag("t", True)
            except AwayError:
                return False
            return True

        await until(purges)
        with pytest.raises(AwayError, match="came back a moment ago"):
            await store.get("/")
        await until(lambda: works(store))
        assert await bodies(store, "/") == []

    with_stores(opener(own_redis.start(), timeout=0.5), script)


async def _each(work: Iterable[Awaitable[object]]) -> None:
    for one in work:
        await one


def test_a_full_redis_takes_no_more_pages_and_carries_out_every_purge(own_redis: RedisServer) -> None:
    own_redis.options = ("maxmemory 4mb", "maxmemory-policy noeviction")

    async def script(store: Store) -> None:
        pages = (put(store, f"/{n}", made("x" * 50_000 + str(n), tags=("t",))) for n in range(200))
        with pytest.raises(RefusedError, match="maxmemory"):
            await _each(pages)
        assert len(await bodies(store, "/0")) == 1
        await store.delete("/1")
        assert await bodies(store, "/1") == []
        for number in range(60):
            own_redis.command("SET", f"filler-{number}", "x" * 20_000)
        left = await store.invalidate_tag("t", False)
        assert "/0" in left
        await store.invalidate_key("/0", True)
        assert await bodies(store, "/0") == []
        await store.invalidate_tag("all", True)
        assert await store.keys() == []

    with_stores(opener(own_redis.start()), script)


def test_a_redis_that_evicts_what_it_likes_sends_nothing_wrong(own_redis: RedisServer) -> None:
    own_redis.options = ("maxmemory 4mb", "maxmemory-policy allkeys-random")

    async def script(one: Store, two: Store) -> None:
        for number in range(600):
            key = f"/{number % 150}"
            await put(one, key, made(f"{number} " * 5000, 1000.0 + number, tags=("t",)))
            for found in await bodies(two, key):
                assert found == f"{number} " * 5000
        await one.invalidate_tag("t", True)
        assert [await bodies(two, f"/{number}") for number in range(150)] == [[]] * 150

    with_stores(opener(own_redis.start()), script, 2)
    assert int(own_redis.info("evicted_keys")) > 100


def test_a_wrong_password_costs_the_cache_and_is_never_written_down(
    own_redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    own_redis.options = ("requirepass right",)
    own_redis.start(password="right")
    url = own_redis.url().replace("redis://", "redis://:mysecret@")

    async def script(store: Store) -> None:
        counters = Counters()
        safe = Failsafe(store, counters=counters)
        assert not await safe.put("/", made(), await safe.epoch())
        assert list(await safe.get("/")) == []
        assert counters.totals()[Count.STORE_ERRORS] >= 3
        await safe.close()

    with caplog.at_level(logging.DEBUG, "isrgen"):
        with_stores(lambda: open_store(url, root=Path(), shared=True), script)
    assert "the edge store fails" in caplog.text
    assert "pair or user is disabled\n" in caplog.text
    assert "mysecret" not in caplog.text


def test_the_right_password_is_taken(own_redis: RedisServer) -> None:
    own_redis.options = ("requirepass ri@ht",)
    own_redis.start(password="ri@ht")
    url = own_redis.url().replace("redis://", "redis://default:ri%40ht@")

    async def script(store: Store) -> None:
        assert await put(store, "/", made())

    with_stores(lambda: open_store(url, root=Path(), shared=True), script)


def test_a_unix_socket_is_as_good(own_redis: RedisServer) -> None:
    path = own_redis.folder / "s"
    own_redis.options = (f"unixsocket {path}",)
    own_redis.start()

    async def script(store: Store) -> None:
        assert await put(store, "/", replace(made(), initial_age=1))
        assert await bodies(store, "/") == ["tea"]

    with_stores(lambda: open_store(f"redis+unix://{path}?db=1&timeout=10", root=Path(), shared=True), script)
