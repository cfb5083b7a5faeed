"""The store on disk when something is done to its files: damaged, cut short, deleted."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from store_play import bodies, is_sound, made, put, with_stores

from isrgen.edge.store import Store
from isrgen.edge.stores.disk import DiskStore

DAMAGED_FILES: dict[str, Callable[[bytes], bytes]] = {
    "no database": lambda data: b"not a database at all, but long enough to be one" * 100,
    "ten bytes": lambda data: b"x" * 10,
    "empty": lambda data: b"",
    "cut short": lambda data: data[:8192],
    "one page": lambda data: data[:4096],
    "half": lambda data: data[: len(data) // 2],
    "garbled behind its header": lambda data: data[:100] + b"\xa5" * (len(data) - 100),
    "without a header": lambda data: bytes(100) + data[100:],
}


@pytest.mark.parametrize("damage", DAMAGED_FILES.values(), ids=DAMAGED_FILES)
def test_a_damaged_file_is_given_up_for_a_new_one(
    tmp_path: Path, damage: Callable[[bytes], bytes], caplog: pytest.LogCaptureFixture
) -> None:
    async def first(store: Store) -> None:
        for number in range(20):
            await put(store, f"/{number}", made(f"{number} " * 1000))

    async def second(store: Store) -> None:
        for number in range(20):
            assert await put(store, f"/{number}", made("new", 2000.0))
            assert await bodies(store, f"/{number}") == ["new"]

    with_stores(lambda: DiskStore(tmp_path / "edge.db"), first)
    data = (tmp_path / "edge.db").read_bytes()
    (tmp_path / "edge.db").write_bytes(damage(data))
    with_stores(lambda: DiskStore(tmp_path / "edge.db"), second)
    assert ("is damaged" in caplog.text) is bool(damage(data))
    assert is_sound(tmp_path / "edge.db")


def change(path: Path, statement: str, *values: object) -> None:
    """Do to the database what no store does."""
    database = sqlite3.connect(path)
    database.execute(statement, values)
    database.commit()
    database.close()


DAMAGE = {
    "half a body": "UPDATE bodies SET body = substr(body, 1, 1) WHERE id = 1",
    "no body": "DELETE FROM bodies WHERE id = 1",
    "headers that are none": "UPDATE entries SET headers = '[[1' WHERE id = 1",
}


@pytest.mark.parametrize("statement", DAMAGE.values(), ids=DAMAGE)
def test_a_page_that_is_damaged_is_not_sent_and_is_removed(
    tmp_path: Path, statement: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def first(store: Store) -> None:
        await put(store, "/", made())
        await put(store, "/b", made("b"))

    async def second(store: Store) -> None:
        assert await bodies(store, "/") == []
        assert (await store.usage()).entries == 1
        assert await bodies(store, "/b") == ["b"]
        assert await put(store, "/", made("again"))
        assert await bodies(store, "/") == ["again"]

    with_stores(lambda: DiskStore(tmp_path / "edge.db"), first)
    change(tmp_path / "edge.db", statement)
    with_stores(lambda: DiskStore(tmp_path / "edge.db"), second)
    assert "was damaged, and is made anew: /" in caplog.text


def test_a_file_that_is_damaged_in_the_middle_is_given_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def first(store: Store) -> None:
        for number in range(50):
            await put(store, f"/{number}", made(f"{number} " * 1000))

    async def second(store: Store) -> None:
        for number in range(50):
            found = await bodies(store, f"/{number}")
            assert found in ([], [f"{number} " * 1000])
        for number in range(50):
            assert await put(store, f"/{number}", made("new", 2000.0))
            assert await bodies(store, f"/{number}") == ["new"]

    with_stores(lambda: DiskStore(tmp_path / "edge.db"), first)
    with (tmp_path / "edge.db").open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * 200_000)
    with_stores(lambda: DiskStore(tmp_path / "edge.db"), second)
    assert "is damaged" in caplog.text


def test_a_store_whose_folder_is_deleted_under_it_begins_anew(tmp_path: Path) -> None:
    async def play(store: Store) -> None:
        await put(store, "/", made())
        for file in tmp_path.glob("edge.db*"):
            file.unlink()
        assert await put(store, "/b", made("b"))
        assert await bodies(store, "/b") == ["b"]

    with_stores(lambda: DiskStore(tmp_path / "edge.db"), play)


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
