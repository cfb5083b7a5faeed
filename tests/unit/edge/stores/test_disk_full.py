"""A disk without room: pages are rendered, purges are not forgotten, and with room again all is well."""

from __future__ import annotations

import asyncio
import resource
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from store_play import bodies, made, put, with_stores

from isrgen.edge.failsafe import Failsafe
from isrgen.edge.store import PurgeError, Store
from isrgen.edge.stores.disk import DiskStore


@pytest.fixture
def small_disk(make_disk: Callable[[int], Path]) -> Path:
    return make_disk(3)


def fill(folder: Path) -> None:
    """Leave no byte free."""
    with (folder / "filler").open("wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            while True:
                try:
                    file.write(b"x" * size)
                except OSError:
                    break


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await holds():
            await asyncio.sleep(0.02)


def test_on_a_full_disk_nothing_is_kept_and_nothing_older_is_sent(small_disk: Path) -> None:
    async def script(safe: Failsafe) -> None:
        assert await put(safe, "/", made("old", 1000.0))
        fill(small_disk)
        assert await bodies(safe, "/") == ["old"]
        assert not await put(safe, "/", made("new " * 20_000, 1001.0))
        assert await bodies(safe, "/") == []
        (small_disk / "filler").unlink()
        assert await put(safe, "/", made("new " * 20_000, 1002.0))
        assert await bodies(safe, "/") == ["new " * 20_000]

    with_stores(lambda: Failsafe(DiskStore(small_disk / "edge.db")), script)


def test_a_purge_on_a_full_disk_fails_and_is_carried_out_when_there_is_room(small_disk: Path) -> None:
    async def script(safe: Failsafe, others: Failsafe) -> None:
        await put(safe, "/", made("old", tags=("t",)))
        assert await bodies(others, "/") == await bodies(others, "/") == ["old"]
        fill(small_disk)
        with pytest.raises(PurgeError):
            await safe.invalidate_tag("t", True)
        assert await bodies(safe, "/") == await bodies(others, "/") == []
        assert others.peek("/") is None
        (small_disk / "filler").unlink()

        async def is_carried_out() -> bool:
            return await safe._store.get("/") == []

        await until(lambda: works(is_carried_out))
        assert await bodies(others, "/") == []

    with_stores(lambda: Failsafe(DiskStore(small_disk / "edge.db")), script, 2)


async def works(question: Callable[[], Awaitable[bool]]) -> bool:
    try:
        return await question()
    except OSError:
        return False


def test_a_disk_that_is_full_from_the_start_is_used_when_there_is_room(small_disk: Path) -> None:
    fill(small_disk)

    async def script(safe: Failsafe) -> None:
        assert not await put(safe, "/", made())
        assert list(await safe.get("/")) == []
        (small_disk / "filler").unlink()
        assert await put(safe, "/", made())
        assert await bodies(safe, "/") == ["tea"]

    with_stores(lambda: Failsafe(DiskStore(small_disk / "edge.db")), script)


# Where no disk can be mounted: files that may not grow.


@contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize(("hard", "expected"), [(True, []), (False, [True])])
def test_a_purge_that_one_process_could_not_carry_out_holds_back_all(
    tmp_path: Path, hard: bool, expected: list[bool]
) -> None:
    """Also when that process is gone: it is noted where there is room for it."""

    async def script(one: Store, two: Store) -> None:
        await put(one, "/", made(tags=("t",)))
        assert await bodies(two, "/") == await bodies(two, "/") == ["tea"]
        assert two.peek("/") is not None
        log = tmp_path / "edge.db-wal"
        with no_file_longer_than(140_000):
            at = 0
            while log.stat().st_size < 140_000 - 4200:
                at += 1
                await put(one, "/b", made(f"{at} " * 100, at))
            with pytest.raises(sqlite3.OperationalError, match=r"full|I/O"):
                await one.invalidate_tag("t", hard)
            assert two.peek("/") is None
            with pytest.raises(OSError, match="a purge of this store failed"):
                await two.get("/")
        # The first write makes good, and what was rendered before that is older than a purge.
        assert await put(two, "/c", made()) is not hard
        assert [stored.invalidated for stored in await two.get("/")] == expected
        assert [stored.invalidated for stored in await one.get("/")] == expected

    with_stores(lambda: DiskStore(tmp_path / "edge.db"), script, 2)
