"""What every store owes, and what two processes may expect of one on disk."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from isrgen.caching.policy import MAX_VARIANTS, Lifetime
from isrgen.caching.stored import HeaderPairs, Stored
from isrgen.caching.validation import etag_of
from isrgen.edge.open import open_store, schemes
from isrgen.edge.store import Lease, Store
from isrgen.edge.stores.disk import DiskStore
from isrgen.edge.stores.memory import MemoryStore
from isrgen.errors import IsrgenError

Opener = Callable[[Path], Store]

OPENERS: dict[str, Opener] = {
    "memory": lambda folder: MemoryStore(),
    "disk": lambda folder: DiskStore(folder / "edge.db"),
}
SMALL: dict[str, Opener] = {
    "memory": lambda folder: MemoryStore(20_000),
    "disk": lambda folder: DiskStore(folder / "edge.db", limit=20_000, memory=5_000),
}


def made(
    body: str = "tea",
    at: float = 1000.0,
    selecting: HeaderPairs = (),
    tags: tuple[str, ...] = (),
    status: int = 200,
    build: str = "",
) -> Stored:
    data = body.encode()
    headers = (("Content-Type", "text/html"),)
    return Stored(status, headers, data, etag_of(data), Lifetime(60, 60), at, selecting, tags, False, build)


def variant(language: str) -> HeaderPairs:
    return (("accept-language", language),)


def with_store(opener: Opener, folder: Path, play: Callable[[Store], Awaitable[None]]) -> None:
    async def run() -> None:
        store = opener(folder)
        try:
            await play(store)
        finally:
            await store.close()

    asyncio.run(run())


async def put(store: Store, key: str, stored: Stored) -> bool:
    """Keep what was rendered after every purge so far."""
    return await store.put(key, stored, await store.epoch())


async def bodies(store: Store, key: str) -> list[str]:
    return [stored.body.decode() for stored in await store.get(key)]


@pytest.fixture(params=sorted(OPENERS))
def opener(request: pytest.FixtureRequest) -> Opener:
    return OPENERS[request.param]


@pytest.fixture(params=sorted(SMALL))
def small(request: pytest.FixtureRequest) -> Opener:
    return SMALL[request.param]


def test_every_scheme_is_under_this_contract() -> None:
    assert schemes() == sorted(OPENERS)


def test_what_is_put_comes_back_as_it_was(opener: Opener, tmp_path: Path) -> None:
    async def play(store: Store) -> None:
        assert list(await store.get("/")) == []
        stored = made(selecting=variant("de"), tags=("a", "b"), build="b1")
        stored = replace(
            stored, etag='W/"of the origin"', initial_age=3, if_disconnected=9, for_authorized=True
        )
        assert await put(store, "/", stored)
        assert list(await store.get("/")) == [stored]
        assert list(await store.get("/")) == [stored]

    with_store(opener, tmp_path, play)


def test_an_older_render_never_overwrites_a_newer(opener: Opener, tmp_path: Path) -> None:
    async def play(store: Store) -> None:
        assert await put(store, "/", made("new", 2000.0))
        assert not await put(store, "/", made("old", 1000.0))
        assert await bodies(store, "/") == ["new"]

    with_store(opener, tmp_path, play)


def test_an_older_build_never_overwrites_a_newer_even_when_it_rendered_later(
    opener: Opener, tmp_path: Path
) -> None:
    async def play(store: Store) -> None:
        await store.announce("one")
        await store.announce("two")
        assert await put(store, "/", made("two", 1000.0, build="two"))
        assert not await put(store, "/", made("one", 2000.0, build="one"))
        await store.announce("one")
        assert await put(store, "/", made("one", 2000.0, build="one"))

    with_store(opener, tmp_path, play)


def test_a_seed_is_not_put_over_a_page_that_is_there(opener: Opener, tmp_path: Path) -> None:
    async def play(store: Store) -> None:
        assert await put(store, "/", made("page", 1000.0))
        assert not await put(store, "/", replace(made("seed", 2000.0), invalidated=True))

    with_store(opener, tmp_path, play)


def test_variants_lie_side_by_side_and_the_most_recent_comes_first(opener: Opener, tmp_path: Path) -> None:
    async def play(store: Store) -> None:
        await put(store, "/", made("de", 1000.0, variant("de")))
        await put(store, "/", made("en", 1001.0, variant("en")))
        await put(store, "/", made("de2", 1002.0, variant("de")))
        assert await bodies(store, "/") == ["de2", "en"]
        await store.delete("/", variant("de"))
        assert await bodies(store, "/") == ["en"]
        await store.delete("/")
        assert await bodies(store, "/") == []

    with_store(opener, tmp_path, play)


def test_a_page_that_began_to_vary_replaces_the_one_that_did_not(opener: Opener, tmp_path: Path) -> None:
    async def play(store: Store) -> None:
        await put(store, "/", made("all", 1000.0))
        await put(store, "/", made("de", 1001.0, variant("de")))
        assert await bodies(store, "/") == ["de"]

    with_store(opener, tmp_path, play)


def test_there_are_never_more_than_64_variants(opener: Opener, tmp_path: Path) -> None:
    async def play(store: Store) -> None:
        for number in range(MAX_VARIANTS + 5):
            await put(store, "/", made("x", 1000.0 + number, variant(f"l{number}")))
        assert len(await store.get("/")) == MAX_VARIANTS
        assert (await store.get("/"))[0].selecting == variant(f"l{MAX_VARIANTS + 4}")

    with_store(opener, tmp_path, play)


def test_a_soft_purge_of_a_tag_marks_and_a_hard_one_removes(opener: Opener, tmp_path: Path) -> None:
    async def play(store: Store) -> None:
        epoch = await store.epoch()
        await put(store, "/a", made("a", tags=("t", "u")))
        await put(store, "/b", made("b", tags=("u",)))
        assert await store.invalidate_tag("t", False) == ["/a"]
        assert [s.invalidated for key in ("/a", "/b") for s in await store.get(key)] == [True, False]
        assert await store.invalidate_tag("u", True) == []
        assert await bodies(store, "/a") == await bodies(store, "/b") == []
        assert await store.epoch() == epoch + 2

    with_store(opener, tmp_path, play)


def test_a_purge_of_a_path_reaches_its_queries_and_not_its_neighbours(opener: Opener, tmp_path: Path) -> None:
    async def play(store: Store) -> None:
        for key in ("/a/", "/a/?page=2", "/a/b/", "/a"):
            await put(store, key, made())
        assert sorted(await store.invalidate_key("/a/", False)) == ["/a/", "/a/?page=2"]
        await store.invalidate_key("/a/", True)
        assert await store.keys() == ["/a", "/a/b/"]

    with_store(opener, tmp_path, play)


def test_the_tag_all_is_everywhere(opener: Opener, tmp_path: Path) -> None:
    async def play(store: Store) -> None:
        await put(store, "/a", made())
        assert await store.invalidate_tag("all", False) == ["/a"]
        await store.invalidate_tag("all", True)
        assert await store.keys() == []

    with_store(opener, tmp_path, play)


def test_any_purge_removes_a_404(opener: Opener, tmp_path: Path) -> None:
    async def play(store: Store) -> None:
        await put(store, "/a", made(status=404, tags=("t",)))
        await put(store, "/b", made(status=404, selecting=variant("de"), tags=("t",)))
        await put(store, "/b", made("b", selecting=variant("en"), tags=("t",)))
        assert await store.invalidate_tag("t", False) == ["/b"]
        assert await bodies(store, "/a") == []
        assert await bodies(store, "/b") == ["b"]

    with_store(opener, tmp_path, play)


@pytest.mark.parametrize(("hard", "expected"), [(False, [True]), (True, [])])
def test_a_render_that_began_before_a_purge_is_not_stored_as_fresh_after_it(
    opener: Opener, tmp_path: Path, hard: bool, expected: list[bool]
) -> None:
    async def play(store: Store) -> None:
        epoch = await store.epoch()
        await store.invalidate_tag("t", hard)
        await store.put("/a", made(tags=("t",)), epoch)
        await store.put("/b", made(tags=("u",)), epoch)
        await store.put("/c", made(tags=("t",)), await store.epoch())
        assert [s.invalidated for s in await store.get("/a")] == expected
        assert [s.invalidated for key in ("/b", "/c") for s in await store.get(key)] == [False, False]

    with_store(opener, tmp_path, play)


def test_the_one_flight_is_given_once_and_expires_by_itself(opener: Opener, tmp_path: Path) -> None:
    async def play(store: Store) -> None:
        assert await store.acquire("/", "one", 1000.0, 10.0) is Lease.MINE
        assert await store.acquire("/", "two", 1001.0, 10.0) is Lease.TAKEN
        assert await store.acquire("/", "two", 1010.0, 10.0) is Lease.MINE
        await store.release("/", "one")
        assert await store.acquire("/", "three", 1011.0, 10.0) is Lease.TAKEN
        await store.release("/", "two")
        assert await store.acquire("/", "three", 1011.0, 10.0) is Lease.MINE

    with_store(opener, tmp_path, play)


def test_a_lease_from_before_the_clock_was_set_back_does_not_last(opener: Opener, tmp_path: Path) -> None:
    async def play(store: Store) -> None:
        assert await store.acquire("/", "one", 90_000.0, 10.0) is Lease.MINE
        assert await store.acquire("/", "two", 1000.0, 10.0) is Lease.MINE

    with_store(opener, tmp_path, play)


def test_a_key_that_turned_out_private_need_not_be_waited_for(opener: Opener, tmp_path: Path) -> None:
    async def play(store: Store) -> None:
        await store.acquire("/", "one", 1000.0, 10.0)
        await store.release("/", "one", 1030.0)
        assert await store.acquire("/", "two", 1029.0, 10.0) is Lease.PRIVATE
        assert await store.acquire("/", "two", 1031.0, 10.0) is Lease.MINE

    with_store(opener, tmp_path, play)


def test_a_store_is_bounded_by_bytes_and_the_latest_stays(small: Opener, tmp_path: Path) -> None:
    async def play(store: Store) -> None:
        for number in range(100):
            await put(store, f"/{number}", made("x" * 1000, tags=("t",)))
            assert (await store.usage()).bytes <= 20_000
        assert await bodies(store, "/99") == ["x" * 1000]
        assert await bodies(store, "/0") == []
        assert 5 < (await store.usage()).entries < 20

    with_store(small, tmp_path, play)


def test_variants_that_together_exceed_the_limit_lose_the_oldest(small: Opener, tmp_path: Path) -> None:
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

    with_store(small, tmp_path, play)


def test_what_is_larger_than_the_store_is_not_kept_and_takes_only_its_older_self_along(
    small: Opener, tmp_path: Path
) -> None:
    async def play(store: Store) -> None:
        await put(store, "/", made("de", 1000.0, variant("de")))
        await put(store, "/", made("en", 1000.0, variant("en")))
        await put(store, "/b", made("b"))
        assert not await put(store, "/", made("x" * 30_000, 1001.0, variant("de")))
        assert await bodies(store, "/") == ["en"]
        assert await bodies(store, "/b") == ["b"]

    with_store(small, tmp_path, play)


def test_the_bytes_held_go_back_to_nothing(opener: Opener, tmp_path: Path) -> None:
    async def play(store: Store) -> None:
        for number in range(10):
            await put(store, f"/{number % 3}", made("x" * number, 1000.0 + number))
        await store.invalidate_tag("all", True)
        assert await store.usage() == type(await store.usage())(0, 0)

    with_store(opener, tmp_path, play)


def test_a_page_and_what_belongs_to_it_are_one_artefact(opener: Opener, tmp_path: Path) -> None:
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

    with_store(opener, tmp_path, play)


# Two stores on one file are two processes, but for the scheduler.


def with_two(folder: Path, play: Callable[[Store, Store], Awaitable[None]]) -> None:
    async def run() -> None:
        async with AsyncExitStack() as stack:
            stores = [DiskStore(folder / "edge.db") for _ in range(2)]
            for store in stores:
                stack.push_async_callback(store.close)
            await play(*stores)

    asyncio.run(run())


def test_no_process_sends_an_older_copy_from_its_memory(tmp_path: Path) -> None:
    async def play(one: Store, two: Store) -> None:
        for version in range(20):
            await put(one, "/", made(f"v{version}", 1000.0 + version))
            assert await bodies(one, "/") == await bodies(two, "/") == [f"v{version}"]
            assert await bodies(two, "/") == [f"v{version}"]

    with_two(tmp_path, play)


def test_a_purge_by_one_process_holds_in_all(tmp_path: Path) -> None:
    async def play(one: Store, two: Store) -> None:
        epoch = await one.epoch()
        await put(one, "/", made(tags=("t",)))
        assert await bodies(two, "/") == ["tea"]
        await one.invalidate_tag("t", True)
        assert await bodies(two, "/") == []
        assert await two.epoch() == epoch + 1

    with_two(tmp_path, play)


def test_the_one_flight_holds_across_processes(tmp_path: Path) -> None:
    async def play(one: Store, two: Store) -> None:
        assert await one.acquire("/", "one", 1000.0, 10.0) is Lease.MINE
        assert await two.acquire("/", "two", 1000.0, 10.0) is Lease.TAKEN

    with_two(tmp_path, play)


def test_what_is_on_disk_outlives_the_process(tmp_path: Path) -> None:
    async def first(store: Store) -> None:
        await put(store, "/", made())

    async def second(store: Store) -> None:
        assert await bodies(store, "/") == ["tea"]

    with_store(OPENERS["disk"], tmp_path, first)
    with_store(OPENERS["disk"], tmp_path, second)


@pytest.mark.parametrize("damage", [b"not a database at all, but long enough to be one" * 100, b"x" * 10])
def test_a_damaged_file_is_given_up_for_a_new_one(
    tmp_path: Path, damage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "edge.db").write_bytes(damage)

    async def play(store: Store) -> None:
        assert await put(store, "/", made())
        assert await bodies(store, "/") == ["tea"]

    with_store(OPENERS["disk"], tmp_path, play)
    assert "damaged" in caplog.text


def test_a_render_that_began_before_a_database_was_replaced_is_not_stored_as_fresh(tmp_path: Path) -> None:
    """Nobody knows which purges were lost with the old one, nor are the new ones counted on from there."""

    async def run() -> None:
        store = DiskStore(tmp_path / "edge.db")
        for _ in range(3):
            await store.invalidate_tag("t", False)
        epoch = await store.epoch()
        for file in tmp_path.iterdir():
            file.unlink()
        await store.put("/a", made(tags=("t",)), epoch)
        await store.invalidate_tag("t", False)
        await store.put("/b", made(tags=("t",)), epoch)
        await store.put("/c", made(tags=("t",)), await store.epoch())
        assert [s.invalidated for key in ("/a", "/b", "/c") for s in await store.get(key)] == [
            True,
            True,
            False,
        ]
        await store.close()

    asyncio.run(run())


def test_the_same_bytes_cause_no_write_of_the_body(tmp_path: Path) -> None:
    """your-digital-rights/yourdigitalrights.org#778: writes of regeneration dominate the bill."""

    def empty_the_log() -> None:
        database = sqlite3.connect(tmp_path / "edge.db")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.close()

    def frames() -> int:
        return (tmp_path / "edge.db-wal").stat().st_size // 4096

    async def play(store: Store) -> None:
        body = "x" * 400_000
        await put(store, "/", made(body, 1000.0))
        assert frames() > 100
        empty_the_log()
        await put(store, "/", made(body, 1001.0))
        assert frames() < 20
        assert [stored.generated_at for stored in await store.get("/")] == [1001.0]
        await put(store, "/", made("y" * 400_000, 1002.0))
        assert frames() > 100

    with_store(OPENERS["disk"], tmp_path, play)


def test_a_body_that_does_not_match_its_entity_tag_is_not_sent(tmp_path: Path) -> None:
    async def first(store: Store) -> None:
        await put(store, "/", made())

    async def second(store: Store) -> None:
        assert await bodies(store, "/") == []

    with_store(OPENERS["disk"], tmp_path, first)
    database = sqlite3.connect(tmp_path / "edge.db")
    database.execute("UPDATE bodies SET body = ?", (b"half a page",))
    database.commit()
    database.close()
    with_store(OPENERS["disk"], tmp_path, second)


def test_a_store_whose_folder_is_deleted_under_it_begins_anew(tmp_path: Path) -> None:
    async def play(store: Store) -> None:
        await put(store, "/", made())
        for file in tmp_path.glob("edge.db*"):
            file.unlink()
        assert await put(store, "/b", made("b"))
        assert await bodies(store, "/b") == ["b"]

    with_store(OPENERS["disk"], tmp_path, play)


def test_a_purge_holds_in_all_after_the_files_were_deleted_and_made_anew(tmp_path: Path) -> None:
    """`.isrgen` is safe to delete, also while several processes have it open."""

    async def run() -> None:
        now = 0.0
        one, two = (DiskStore(tmp_path / "edge.db", monotonic=lambda: now) for _ in range(2))
        await one.put("/", made("old", tags=("t",)), await one.epoch())
        assert await bodies(one, "/") == await bodies(two, "/") == ["old"]
        for file in tmp_path.iterdir():
            file.unlink()
        respawned = DiskStore(tmp_path / "edge.db")
        assert await bodies(respawned, "/") == []
        now += 1.0
        assert await bodies(one, "/") == []
        await two.put("/", made("new", tags=("t",)), await two.epoch())
        assert [await bodies(store, "/") for store in (one, two, respawned)] == [["new"]] * 3
        await one.invalidate_tag("t", True)
        assert [await bodies(store, "/") for store in (one, two, respawned)] == [[]] * 3
        for store in (one, two, respawned):
            await store.close()

    asyncio.run(run())


def test_a_file_of_counters_that_was_cut_short_is_made_whole(tmp_path: Path) -> None:
    async def run() -> None:
        now = 0.0
        store = DiskStore(tmp_path / "edge.db", monotonic=lambda: now)
        await store.put("/", made("tea"), await store.epoch())
        assert await bodies(store, "/") == ["tea"]
        os.truncate(tmp_path / "edge.db-generations", 10)
        assert await store.put("/b", made("b"), await store.epoch())
        os.truncate(tmp_path / "edge.db-generations", 0)
        now += 1.0
        assert await bodies(store, "/") == ["tea"]
        await store.close()

    asyncio.run(run())


def test_a_store_url_that_names_nothing_is_told_the_choices(tmp_path: Path) -> None:
    with pytest.raises(IsrgenError, match=r"no store for 'redis://h'") as told:
        open_store("redis://h", root=tmp_path, shared=False)
    assert "disk:PATH" in str(told.value)
    with pytest.raises(IsrgenError, match="cannot be shared"):
        open_store("memory:", root=tmp_path, shared=True)


def _write_until_killed(path: str, number: int) -> None:
    async def run() -> None:
        store = DiskStore(Path(path))
        at = 0
        while True:
            at += 1
            await put(store, f"/{at % 7}", made(f"{number}:{at}" * 500, 1000.0 + at, tags=("t",)))
            if at % 5 == 0:
                await store.invalidate_tag("t", at % 10 == 0)

    asyncio.run(run())


def test_a_writer_that_is_killed_leaves_a_store_that_works(tmp_path: Path) -> None:
    path = tmp_path / "edge.db"
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write_until_killed, args=(str(path), n)) for n in range(2)]
    for writer in writers:
        writer.start()
    try:

        async def play(store: Store) -> None:
            epoch = await store.epoch()
            while await store.epoch() < epoch + 6:
                await asyncio.sleep(0.01)
            for writer in writers:
                os.kill(writer.pid or 0, signal.SIGKILL)
                writer.join()
            epoch = await store.epoch()
            for number in range(7):
                for stored in await store.get(f"/{number}"):
                    assert stored.etag == etag_of(stored.body)
            assert await store.put("/3", made("after", 9e9), epoch)
            assert await bodies(store, "/3") == ["after"]
            assert await store.acquire("/3", "me", 1000.0, 5.0) is Lease.MINE

        with_store(OPENERS["disk"], tmp_path, play)
    finally:
        for writer in writers:
            writer.kill()
            writer.join()


def _count_versions(path: str, results: multiprocessing.Queue[int]) -> None:
    """Read one key again and again: how often a copy was older than the one before."""

    async def run() -> int:
        store, backwards, last = DiskStore(Path(path)), 0, 0
        while last < 60:
            for stored in await store.get("/"):
                version = int(stored.body)
                backwards += version < last
                last = max(last, version)
        await store.close()
        return backwards

    results.put(asyncio.run(run()))


def test_readers_in_other_processes_never_see_time_run_backwards(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    results: multiprocessing.Queue[int] = context.Queue()
    path = str(tmp_path / "edge.db")
    readers = [context.Process(target=_count_versions, args=(path, results)) for _ in range(2)]
    for reader in readers:
        reader.start()

    async def play(store: Store) -> None:
        for version in range(1, 61):
            await put(store, "/", made(str(version), 1000.0 + version))

    try:
        with_store(OPENERS["disk"], tmp_path, play)
        assert [results.get(timeout=30) for _ in readers] == [0, 0]
    finally:
        for reader in readers:
            reader.join(5)
            reader.kill()
