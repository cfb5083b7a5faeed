"""The store on disk: what it survives, and what it takes."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import sqlite3
from pathlib import Path

import pytest
from store_play import bodies, is_sound, made, put, with_stores

from isrgen.caching.stored import Stored
from isrgen.caching.validation import etag_of
from isrgen.edge.database import Database
from isrgen.edge.store import Lease, Store
from isrgen.edge.stores.disk import DiskStore


def test_what_is_on_disk_outlives_the_process(tmp_path: Path) -> None:
    async def first(store: Store) -> None:
        await put(store, "/", made())

    async def second(store: Store) -> None:
        assert await bodies(store, "/") == ["tea"]

    with_stores(lambda: DiskStore(tmp_path / "edge.db"), first)
    with_stores(lambda: DiskStore(tmp_path / "edge.db"), second)


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

    with_stores(lambda: DiskStore(tmp_path / "edge.db"), play)


def test_what_is_written_while_a_page_is_read_makes_the_copy_in_memory_out_of_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Database.get

    async def play(one: Store, two: Store) -> None:
        await put(one, "/", made("old", 1000.0))
        loop = asyncio.get_running_loop()

        def get_slowly(database: Database, key: str) -> tuple[list[Stored], bool]:
            monkeypatch.undo()
            read = found(database, key)
            asyncio.run_coroutine_threadsafe(put(two, "/", made("new", 1001.0)), loop).result()
            return read

        monkeypatch.setattr(Database, "get", get_slowly)
        assert await bodies(one, "/") == ["old"]
        assert await bodies(one, "/") == ["new"]

    with_stores(lambda: DiskStore(tmp_path / "edge.db"), play, 2)


def test_what_was_read_a_while_ago_stays_when_what_nobody_read_goes(tmp_path: Path) -> None:
    async def play(store: Store) -> None:
        for number in range(200):
            await put(store, f"/{number}", made("x" * 1000))
            assert len(await store.get("/0")) == 1
        assert await bodies(store, "/1") == []

    with_stores(lambda: DiskStore(tmp_path / "edge.db", limit=50_000, memory=0), play)


def test_the_files_are_hardly_larger_than_the_limit(tmp_path: Path) -> None:
    """However much goes through them, and however sizes are mixed."""
    limit = 4_000_000
    sizes: list[int] = []

    async def play(store: Store) -> None:
        for number in range(400):
            body = "x" * (100, 3000, 20_000, 150_000)[number % 4]
            assert await put(store, f"/{number}", made(f"{number}{body}", tags=("t", f"t{number}")))
            sizes.append((tmp_path / "edge.db").stat().st_size)
        assert (await store.usage()).bytes > 0.9 * limit
        before = (tmp_path / "edge.db-wal").stat().st_size
        await store.invalidate_tag("t", True)
        assert (tmp_path / "edge.db-wal").stat().st_size < before + limit / 4
        await put(store, "/", made("x" * 3_000_000))

    with_stores(lambda: DiskStore(tmp_path / "edge.db", limit=limit), play)
    assert 0.9 * limit < max(sizes) < 1.2 * limit
    assert (tmp_path / "edge.db").stat().st_size < 1.2 * limit


def test_the_log_is_cut_back_after_something_large(tmp_path: Path) -> None:
    async def play(store: Store) -> None:
        for number in range(2):
            await put(store, "/", made(f"{number}" * 25_000_000, 1000.0 + number))
        assert (tmp_path / "edge.db-wal").stat().st_size > 20_000_000
        for number in range(10):
            await put(store, "/b", made("b", 1000.0 + number))
        assert (tmp_path / "edge.db-wal").stat().st_size <= 17_000_000

    with_stores(lambda: DiskStore(tmp_path / "edge.db"), play)


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
            assert is_sound(tmp_path / "edge.db")
            assert await store.put("/3", made("after", 9e9), epoch)
            assert await bodies(store, "/3") == ["after"]
            assert await store.acquire("/3", "me", 1000.0, 5.0) is Lease.MINE

        with_stores(lambda: DiskStore(tmp_path / "edge.db"), play)
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
        with_stores(lambda: DiskStore(tmp_path / "edge.db"), play)
        assert [results.get(timeout=30) for _ in readers] == [0, 0]
    finally:
        for reader in readers:
            reader.join(5)
            reader.kill()
