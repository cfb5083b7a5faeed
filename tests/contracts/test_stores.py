"""What every store owes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from redis_server import RedisServer
from store_play import bodies, made, put, variant, with_stores

from isrgen.caching.policy import MAX_VARIANTS
from isrgen.caching.validation import etag_of
from isrgen.edge.open import open_store, schemes
from isrgen.edge.store import Lease, Store, summary
from isrgen.edge.stores.disk import DiskStore
from isrgen.edge.stores.memory import MemoryStore

Opener = Callable[[], Store]
SCHEMES = ("disk", "memory", "redis")


@pytest.fixture(params=SCHEMES)
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Opener:
    if request.param == "redis":
        server: RedisServer = request.getfixturevalue("redis")
        server.command("FLUSHALL")
        return lambda: open_store(server.url(), root=tmp_path, shared=True)
    url = {"disk": "disk:edge.db", "memory": "memory:"}[request.param]
    return lambda: open_store(url, root=tmp_path, shared=False)


@pytest.fixture(params=["disk", "memory"])
def small(request: pytest.FixtureRequest, tmp_path: Path) -> Opener:
    """A store of 20,000 bytes; that of Redis is bounded by Redis itself."""
    if request.param == "memory":
        return lambda: MemoryStore(20_000)
    return lambda: DiskStore(tmp_path / "edge.db", limit=20_000, memory=5_000)


def test_every_scheme_is_under_this_contract() -> None:
    assert schemes() == sorted(SCHEMES)


def test_what_is_put_comes_back_as_it_was(opener: Opener) -> None:
    async def play(store: Store) -> None:
        assert list(await store.get("/")) == []
        stored = made(selecting=variant("de"), tags=("a", "b"), build="b1")
        stored = replace(
            stored, etag='W/"of the origin"', initial_age=3, if_disconnected=9, for_authorized=True
        )
        assert await put(store, "/", stored)
        assert list(await store.get("/")) == [stored]
        assert list(await store.get("/")) == [stored]

    with_stores(opener, play)


def test_a_listing_tells_of_each_response_what_it_is_without_its_body(opener: Opener) -> None:
    async def play(store: Store) -> None:
        stored = replace(
            made(selecting=variant("de"), tags=("a",), build="b1"), initial_age=3, if_disconnected=9
        )
        assert await put(store, "/", stored)
        assert list(await store.summaries()) == [summary("/", stored)]

    with_stores(opener, play)


def test_an_older_render_never_overwrites_a_newer(opener: Opener) -> None:
    async def play(store: Store) -> None:
        assert await put(store, "/", made("new", 2000.0))
        assert not await put(store, "/", made("old", 1000.0))
        assert await bodies(store, "/") == ["new"]

    with_stores(opener, play)


def test_an_older_build_never_overwrites_a_newer_even_when_it_rendered_later(opener: Opener) -> None:
    async def play(store: Store) -> None:
        await store.announce("one")
        await store.announce("two")
        assert await put(store, "/", made("two", 1000.0, build="two"))
        assert not await put(store, "/", made("one", 2000.0, build="one"))
        await store.announce("one")
        assert await put(store, "/", made("one", 2000.0, build="one"))

    with_stores(opener, play)


def test_a_seed_is_not_put_over_a_page_that_is_there(opener: Opener) -> None:
    async def play(store: Store) -> None:
        assert await put(store, "/", made("page", 1000.0))
        assert not await put(store, "/", replace(made("seed", 2000.0), invalidated=True))

    with_stores(opener, play)


def test_variants_lie_side_by_side_and_the_most_recent_comes_first(opener: Opener) -> None:
    async def play(store: Store) -> None:
        await put(store, "/", made("de", 1000.0, variant("de")))
        await put(store, "/", made("en", 1001.0, variant("en")))
        await put(store, "/", made("de2", 1002.0, variant("de")))
        assert await bodies(store, "/") == ["de2", "en"]
        await store.delete("/", variant("de"))
        assert await bodies(store, "/") == ["en"]
        await store.delete("/")
        assert await bodies(store, "/") == []

    with_stores(opener, play)


def test_a_page_that_began_to_vary_replaces_the_one_that_did_not(opener: Opener) -> None:
    async def play(store: Store) -> None:
        await put(store, "/", made("all", 1000.0))
        await put(store, "/", made("de", 1001.0, variant("de")))
        assert await bodies(store, "/") == ["de"]

    with_stores(opener, play)


def test_there_are_never_more_than_64_variants(opener: Opener) -> None:
    async def play(store: Store) -> None:
        for number in range(MAX_VARIANTS + 5):
            await put(store, "/", made("x", 1000.0 + number, variant(f"l{number}")))
        assert len(await store.get("/")) == MAX_VARIANTS
        assert (await store.get("/"))[0].selecting == variant(f"l{MAX_VARIANTS + 4}")

    with_stores(opener, play)


def test_a_soft_purge_of_a_tag_marks_and_a_hard_one_removes(opener: Opener) -> None:
    async def play(store: Store) -> None:
        epoch = await store.epoch()
        await put(store, "/a", made("a", tags=("t", "u")))
        await put(store, "/b", made("b", tags=("u",)))
        assert await store.invalidate_tag("t", False) == ["/a"]
        assert [s.invalidated for key in ("/a", "/b") for s in await store.get(key)] == [True, False]
        assert await store.invalidate_tag("u", True) == []
        assert await bodies(store, "/a") == await bodies(store, "/b") == []
        assert await store.epoch() == epoch + 2

    with_stores(opener, play)


def test_a_purge_of_a_path_reaches_its_queries_and_not_its_neighbours(opener: Opener) -> None:
    async def play(store: Store) -> None:
        for key in ("/a/", "/a/?page=2", "/a/b/", "/a"):
            await put(store, key, made())
        assert sorted(await store.invalidate_key("/a/", False)) == ["/a/", "/a/?page=2"]
        await store.invalidate_key("/a/", True)
        assert await store.keys() == ["/a", "/a/b/"]

    with_stores(opener, play)


def test_the_tag_all_is_everywhere(opener: Opener) -> None:
    async def play(store: Store) -> None:
        await put(store, "/a", made())
        assert await store.invalidate_tag("all", False) == ["/a"]
        await store.invalidate_tag("all", True)
        assert await store.keys() == []

    with_stores(opener, play)


def test_any_purge_removes_a_404(opener: Opener) -> None:
    async def play(store: Store) -> None:
        await put(store, "/a", made(status=404, tags=("t",)))
        await put(store, "/b", made(status=404, selecting=variant("de"), tags=("t",)))
        await put(store, "/b", made("b", selecting=variant("en"), tags=("t",)))
        assert await store.invalidate_tag("t", False) == ["/b"]
        assert await bodies(store, "/a") == []
        assert await bodies(store, "/b") == ["b"]

    with_stores(opener, play)


@pytest.mark.parametrize(("hard", "expected"), [(False, [True]), (True, [])])
def test_a_render_that_began_before_a_purge_is_not_stored_as_fresh_after_it(
    opener: Opener, hard: bool, expected: list[bool]
) -> None:
    async def play(store: Store) -> None:
        epoch = await store.epoch()
        await store.invalidate_tag("t", hard)
        await store.put("/a", made(tags=("t",)), epoch)
        await store.put("/b", made(tags=("u",)), epoch)
        await store.put("/c", made(tags=("t",)), await store.epoch())
        assert [s.invalidated for s in await store.get("/a")] == expected
        assert [s.invalidated for key in ("/b", "/c") for s in await store.get(key)] == [False, False]

    with_stores(opener, play)


def test_the_one_flight_is_given_once_and_expires_by_itself(opener: Opener) -> None:
    async def play(store: Store) -> None:
        assert await store.acquire("/", "one", 1000.0, 10.0) is Lease.MINE
        assert await store.acquire("/", "two", 1001.0, 10.0) is Lease.TAKEN
        assert await store.acquire("/", "two", 1010.0, 10.0) is Lease.MINE
        await store.release("/", "one")
        assert await store.acquire("/", "three", 1011.0, 10.0) is Lease.TAKEN
        await store.release("/", "two")
        assert await store.acquire("/", "three", 1011.0, 10.0) is Lease.MINE

    with_stores(opener, play)


def test_a_lease_from_before_the_clock_was_set_back_does_not_last(opener: Opener) -> None:
    async def play(store: Store) -> None:
        assert await store.acquire("/", "one", 90_000.0, 10.0) is Lease.MINE
        assert await store.acquire("/", "two", 1000.0, 10.0) is Lease.MINE

    with_stores(opener, play)


def test_a_key_that_turned_out_private_need_not_be_waited_for(opener: Opener) -> None:
    async def play(store: Store) -> None:
        await store.acquire("/", "one", 1000.0, 10.0)
        await store.release("/", "one", 1030.0)
        assert await store.acquire("/", "two", 1029.0, 10.0) is Lease.PRIVATE
        assert await store.acquire("/", "two", 1031.0, 10.0) is Lease.MINE

    with_stores(opener, play)


def test_a_store_is_bounded_by_bytes_and_the_latest_stays(small: Opener) -> None:
    async def play(store: Store) -> None:
        for number in range(100):
            await put(store, f"/{number}", made("x" * 1000, tags=("t",)))
            assert (await store.usage()).bytes <= 20_000
        assert await bodies(store, "/99") == ["x" * 1000]
        assert await bodies(store, "/0") == []
        assert 5 < (await store.usage()).entries < 20

    with_stores(small, play)


def test_variants_that_together_exceed_the_limit_lose_the_oldest(small: Opener) -> None:
    async def play(store: Store) -> None:
        for number in range(30):
            stored = made("x" * 1000, 1000.0 + number, variant(f"l{number}"), tags=(f"t{number}", "t"))
            assert await put(store, "/", stored)
            assert (await store.usage()).bytes <= 20_000
        kept = [stored.selecting for stored in await store.get("/")]
        assert kept == [variant(f"l{29 - back}") for back in range(len(kept))]
        assert 5 < len(kept) < 20
        assert await store.invalidate_tag("t0", True) == []
        assert len(await store.get("/")) == len(kept)
        await store.invalidate_tag("t", True)
        assert await bodies(store, "/") == []

    with_stores(small, play)


def test_what_is_larger_than_the_store_is_not_kept_and_takes_only_its_older_self_along(small: Opener) -> None:
    async def play(store: Store) -> None:
        await put(store, "/", made("de", 1000.0, variant("de")))
        await put(store, "/", made("en", 1000.0, variant("en")))
        await put(store, "/b", made("b"))
        assert not await put(store, "/", made("x" * 30_000, 1001.0, variant("de")))
        assert await bodies(store, "/") == ["en"]
        assert await bodies(store, "/b") == ["b"]

    with_stores(small, play)


def test_the_bytes_held_go_back_to_nothing(opener: Opener) -> None:
    async def play(store: Store) -> None:
        for number in range(10):
            await put(store, f"/{number % 3}", made("x" * number, 1000.0 + number))
        await store.invalidate_tag("all", True)
        assert await store.usage() == type(await store.usage())(0, 0)

    with_stores(opener, play)


def test_a_page_and_what_belongs_to_it_are_one_artefact(opener: Opener) -> None:
    """cloudflare/vinext#487: new data was stored beside old HTML."""

    async def play(store: Store) -> None:
        async def write() -> None:
            for version in range(100):
                stored = made(f"v{version}", 1000.0 + version, tags=(f"v{version}",))
                await put(store, "/", replace(stored, headers=(("X-Version", f"v{version}"),)))

        writing = asyncio.ensure_future(write())
        seen = 0
        while not writing.done():
            await asyncio.sleep(0)
            for stored in await store.get("/"):
                seen += 1
                assert stored.headers[0][1] == stored.tags[0] == stored.body.decode()
                assert stored.etag == etag_of(stored.body)
        await writing
        assert seen > 0
        assert await bodies(store, "/") == ["v99"]

    with_stores(opener, play)
