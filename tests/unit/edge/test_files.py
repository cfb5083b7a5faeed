"""Which files a store on disk takes for its own: nobody else's is ever touched."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from store_play import made, put, with_stores

from isrgen.edge import files
from isrgen.edge.failsafe import Failsafe
from isrgen.edge.files import Found
from isrgen.edge.store import Store
from isrgen.edge.stores.disk import DiskStore
from isrgen.errors import IsrgenError

Make = Callable[[Path], object]


def another_database(path: Path) -> sqlite3.Connection:
    """A database that a program keeps, with a write-ahead log beside it."""
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("CREATE TABLE entries (note TEXT)")
    database.execute("INSERT INTO entries VALUES ('precious')")
    return database


def closed_database(path: Path, pragma: str = "user_version = 3") -> None:
    database = another_database(path)
    database.execute(f"PRAGMA {pragma}")
    database.close()


def interrupted_database(path: Path) -> None:
    """As its program leaves it that was killed: what was written last is beside it."""
    database = another_database(path)
    kept = {file: file.read_bytes() for file in path.parent.iterdir()}
    database.close()
    for file, data in kept.items():
        file.write_bytes(data)


def write(name: str, data: bytes) -> Make:
    return lambda path: path.with_name(path.name + name).write_bytes(data)


def link_to(make: Make) -> Make:
    def linked(path: Path) -> None:
        make(path.with_name("target"))
        path.symlink_to("target")

    return linked


OTHERS: dict[str, tuple[Make, str]] = {
    "a page": (write("", b"# Tea\n"), "is no store of isrgen"),
    "a page that is long": (write("", b"# Tea\n" * 1000), "is no store of isrgen"),
    "an empty file": (write("", b""), "is an empty file"),
    "one byte": (write("", b"\n"), "is no store of isrgen"),
    "a database": (closed_database, "is the database of another program"),
    "a database of a program with an id": (
        lambda path: closed_database(path, "application_id = 252006673"),
        "is the database of another program",
    ),
    "a database with a log": (interrupted_database, "is the database of another program"),
    "a database cut short": (
        lambda path: (closed_database(path), os.truncate(path, 4096)),
        "is the database of another program",
    ),
    "the beginning of a database": (
        lambda path: (closed_database(path), os.truncate(path, 120)),
        "is no store of isrgen",
    ),
    "a folder": (lambda path: path.mkdir(), "is a folder"),
    "a pipe": (os.mkfifo, "is no file"),
    "a link to a page": (link_to(write("", b"# Tea\n")), "is no store of isrgen"),
    "a link to a database": (link_to(closed_database), "is the database of another program"),
    "a file named as our counters": (write("-generations", b"1 2 3"), "notes-generations is not of isrgen"),
    "a file named as our lock": (write("-lock", b"4711\n"), "notes-lock is not of isrgen"),
    "an empty lock": (write("-lock", b""), "notes-lock is not of isrgen"),
    "a log without its database": (write("-wal", b"x" * 5000), "notes-wal is not of isrgen"),
    "a journal without its database": (write("-journal", b"x" * 5000), "notes-journal is not of isrgen"),
}
"""What may lie where a store is to be, and what is said of it."""


def contents(folder: Path) -> dict[str, bytes | None]:
    return {file.name: file.read_bytes() if file.is_file() else None for file in folder.iterdir()}


@pytest.mark.parametrize(("make", "said"), OTHERS.values(), ids=OTHERS)
def test_what_is_not_ours_is_refused_and_stays_as_it_is(tmp_path: Path, make: Make, said: str) -> None:
    make(tmp_path / "notes")
    before = contents(tmp_path)

    async def play(store: Store) -> None:
        for work in (
            store.get("/"),
            store.epoch(),
            store.put("/", made(), 0),
            store.invalidate_tag("t", True),
        ):
            with pytest.raises(IsrgenError, match=said):
                await work

    with_stores(lambda: DiskStore(tmp_path / "notes"), play)
    with pytest.raises(IsrgenError, match=said):
        files.look(files.real(tmp_path / "notes"))
    assert contents(tmp_path) == before


def begin(path: Path) -> None:
    async def play(store: Store) -> None:
        await put(store, "/", made())

    with_stores(lambda: DiskStore(path), play)


@pytest.mark.parametrize("make", [write("", b"# Tea\n"), closed_database], ids=["a page", "a database"])
def test_what_took_the_place_of_a_store_while_it_is_in_use_stays_too(tmp_path: Path, make: Make) -> None:
    async def play(store: Store) -> None:
        await put(store, "/", made())
        for file in tmp_path.iterdir():
            file.unlink()
        make(tmp_path / "edge.db")
        before = contents(tmp_path)
        with pytest.raises(IsrgenError):
            await put(store, "/", made())
        with pytest.raises(IsrgenError):
            await store.get("/b")
        assert contents(tmp_path) == before

    with_stores(lambda: DiskStore(tmp_path / "edge.db"), play)


def test_what_took_the_place_of_a_store_costs_the_cache_and_is_told_in_one_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "edge.db").write_bytes(b"# Tea\n")

    async def play(safe: Store) -> None:
        assert not await put(safe, "/", made())
        assert list(await safe.get("/")) == []
        (tmp_path / "edge.db").unlink()
        assert await put(safe, "/", made())

    with_stores(lambda: Failsafe(DiskStore(tmp_path / "edge.db")), play)
    assert "edge.db is no store of isrgen. It stays as it is." in caplog.messages[0]
    assert not any("\n" in message for message in caplog.messages)


def test_a_database_that_was_put_in_the_place_of_ours_is_not_taken_for_it(tmp_path: Path) -> None:
    """Although what is beside it says that we were here."""
    begin(tmp_path / "edge.db")
    (tmp_path / "edge.db").unlink()
    closed_database(tmp_path / "edge.db")
    before = contents(tmp_path)
    with pytest.raises(IsrgenError, match="is the database of another program"):
        begin(tmp_path / "edge.db")
    assert contents(tmp_path) == before


def test_nothing_at_all_is_where_a_store_can_begin(tmp_path: Path) -> None:
    assert files.look(tmp_path / "a" / "b") is Found.NOTHING
    assert list(tmp_path.iterdir()) == []


def test_a_store_is_known_by_its_header_alone(tmp_path: Path) -> None:
    begin(tmp_path / "edge.db")
    (tmp_path / "edge.db").rename(tmp_path / "moved.db")
    assert files.look(tmp_path / "moved.db") is Found.OURS


def test_a_store_that_was_killed_before_its_first_write_begins_again(tmp_path: Path) -> None:
    begin(tmp_path / "edge.db")
    os.truncate(tmp_path / "edge.db", 0)
    begin(tmp_path / "edge.db")
    assert files.look(tmp_path / "edge.db") is Found.OURS


def test_what_is_left_of_a_store_whose_file_was_deleted_is_not_read_into_the_new_one(tmp_path: Path) -> None:
    """SQLite takes the log beside a database for its own, whoever wrote it."""

    left: dict[str, bytes] = {}

    async def play(store: Store) -> None:
        await put(store, "/", made())
        for suffix in ("-wal", "-lock"):
            left[f"new{suffix}"] = (tmp_path / f"edge.db{suffix}").read_bytes()

    with_stores(lambda: DiskStore(tmp_path / "edge.db"), play)
    for name, data in left.items():
        (tmp_path / name).write_bytes(data)

    async def again(store: Store) -> None:
        assert list(await store.get("/")) == []
        assert await put(store, "/b", made())
        assert await store.keys() == ["/b"]

    with_stores(lambda: DiskStore(tmp_path / "new"), again)


def test_a_store_whose_header_is_damaged_is_moved_aside_and_not_removed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Only what is beside it says that it was ours."""
    begin(tmp_path / "edge.db")
    damaged = b"\xa5" * 5000
    (tmp_path / "edge.db").write_bytes(damaged)
    assert files.look(tmp_path / "edge.db") is Found.UNREADABLE
    begin(tmp_path / "edge.db")
    assert (tmp_path / "edge.db.damaged").read_bytes() == damaged
    assert "edge.db.damaged" in caplog.text
    assert files.look(tmp_path / "edge.db") is Found.OURS


def test_what_was_moved_aside_is_never_overwritten(tmp_path: Path) -> None:
    begin(tmp_path / "edge.db")
    (tmp_path / "edge.db.damaged").write_text("precious")
    (tmp_path / "edge.db").write_bytes(b"\xa5" * 5000)
    before = contents(tmp_path)
    with pytest.raises(IsrgenError, match=r"edge\.db\.damaged is there already"):
        begin(tmp_path / "edge.db")
    assert contents(tmp_path) == before


def test_a_store_by_two_names_has_one_set_of_files(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("edge.db")
    begin(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert {file.name for file in tmp_path.iterdir()} == {
        "link",
        "edge.db",
        "edge.db-lock",
        "edge.db-generations",
    }


@pytest.mark.parametrize("suffix", ["-lock", "-generations"])
def test_nothing_is_written_through_a_link_beside_the_store(tmp_path: Path, suffix: str) -> None:
    begin(tmp_path / "edge.db")
    (tmp_path / f"edge.db{suffix}").rename(tmp_path / "mine")
    (tmp_path / f"edge.db{suffix}").symlink_to("mine")
    before = (tmp_path / "mine").read_bytes()

    async def play(store: Store) -> None:
        with pytest.raises((OSError, IsrgenError)):
            await put(store, "/", made())

    with_stores(lambda: DiskStore(tmp_path / "edge.db"), play)
    assert (tmp_path / "mine").read_bytes() == before


def test_all_who_begin_a_store_at_the_same_moment_get_it(tmp_path: Path) -> None:
    async def play(*stores: Store) -> None:
        async with asyncio.timeout(30):
            work = [
                call for store in stores for call in (store.get("/"), store.epoch(), put(store, "/", made()))
            ]
            await asyncio.gather(*work)
            assert [len(await store.get("/")) for store in stores] == [1] * len(stores)

    for number in range(20):
        with_stores(lambda: DiskStore(tmp_path / str(number) / "edge.db"), play, 5)  # noqa: B023


def test_looking_at_a_store_leaves_the_locks_of_who_has_it_open(tmp_path: Path) -> None:
    """Whoever closes a file loses all locks that his process has on it (POSIX): SQLite alone may open it."""

    async def play(store: Store) -> None:
        await put(store, "/", made())
        number = str((tmp_path / "edge.db").stat().st_ino)
        before = Path("/proc/locks").read_text().count(f":{number} ")
        assert before > 0
        assert files.look(tmp_path / "edge.db") is Found.OURS
        assert Path("/proc/locks").read_text().count(f":{number} ") == before

    with_stores(lambda: DiskStore(tmp_path / "edge.db"), play)


def test_what_is_kept_is_for_nobody_else_on_the_machine(tmp_path: Path) -> None:
    """Not all of it is for everybody: behind ``Vary: Cookie``, cookies are kept as well."""

    async def play(store: Store) -> None:
        await put(store, "/", made())
        kept = sorted(tmp_path.glob("edge.db*"))
        assert len(kept) >= 3
        assert {file.name: file.stat().st_mode & 0o077 for file in kept} == {file.name: 0 for file in kept}

    with_stores(lambda: DiskStore(tmp_path / "edge.db"), play)
