"""The statements of the store on disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from isrgen.caching.policy import Lifetime
from isrgen.caching.stored import Stored
from isrgen.edge.database import Database
from isrgen.edge.purge import Purged
from isrgen.edge.schema import APPLICATION_ID
from isrgen.edge.store import Lease


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(tmp_path / "edge.db", 1_000_000)
    yield made
    made.close()


def steps(database: Database, work: Callable[[], object]) -> int:
    """How many hundred instructions SQLite needs for something."""
    count = 0

    def tick() -> int:
        nonlocal count
        count += 1
        return 0

    database._db.set_progress_handler(tick, 100)
    work()
    database._db.set_progress_handler(None, 100)
    return count


def test_a_lease_costs_the_same_however_many_there_are(database: Database) -> None:
    few = steps(database, lambda: database.acquire("/", "me", 1000.0, 10.0))
    database._db.execute("BEGIN")
    for number in range(5000):
        database._db.execute("INSERT INTO leases VALUES (?, '', 0, 2000.0)", (f"/{number}",))
    database._db.execute("COMMIT")
    assert steps(database, lambda: database.acquire("/b", "me", 1000.0, 10.0)) <= few + 2


def test_leases_that_ended_are_swept_away(database: Database) -> None:
    for number in range(100):
        database.acquire(f"/{number}", "me", 1000.0, 10.0)
        database.release(f"/{number}", "me", 1030.0 if number % 2 else 0.0)
    assert database.acquire("/1", "you", 1029.0, 10.0) is Lease.PRIVATE
    database.acquire("/", "you", 1031.0, 10.0)
    assert database._db.execute("SELECT count(*) FROM leases").fetchone()[0] == 1


def test_a_file_of_another_version_is_given_up(tmp_path: Path) -> None:
    plain = sqlite3.connect(tmp_path / "edge.db")
    plain.executescript("CREATE TABLE entries (id INTEGER, key TEXT); PRAGMA user_version = 1;")
    plain.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    plain.close()
    database = Database(tmp_path / "edge.db", 1_000_000)
    assert database.put("/", Stored(200, (), b"tea", '"e"', Lifetime(60), 1000.0), database.epoch())
    assert [stored.body for stored in database.get("/")[0]] == [b"tea"]
    database.close()


def test_the_database_of_another_program_gets_no_tables(tmp_path: Path) -> None:
    plain = sqlite3.connect(tmp_path / "other.db")
    plain.execute("CREATE TABLE notes (note TEXT)")
    plain.close()
    before = (tmp_path / "other.db").read_bytes()
    with pytest.raises(sqlite3.OperationalError, match="another program"):
        Database(tmp_path / "other.db", 1_000_000)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {"other.db": before}


def test_a_listing_reads_no_bodies(database: Database) -> None:
    database.put("/", Stored(200, (), b"tea", '"e"', Lifetime(60), 1000.0), database.epoch())
    database._db.execute("DROP TABLE bodies")
    assert [(found.key, found.etag) for found in database.summaries("/", 10)] == [("/", '"e"')]


def test_a_write_that_fails_at_its_very_end_does_not_stop_the_next_one(database: Database) -> None:
    database._db.execute("CREATE TABLE parents (id INTEGER PRIMARY KEY)")
    database._db.execute(
        "CREATE TABLE children (id INTEGER REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED)"
    )
    database._db.execute("PRAGMA foreign_keys = ON")
    with pytest.raises(sqlite3.IntegrityError), database._transaction():
        database._db.execute("INSERT INTO children VALUES (1)")
    database.announce("b")


def stored(body: bytes) -> Stored:
    return Stored(200, (), body, '"e"', Lifetime(60), 1000.0)


def test_on_a_disk_with_little_room_left_the_file_stays_as_large_as_it_is(tmp_path: Path) -> None:
    room = True
    database = Database(tmp_path / "edge.db", 100_000_000, lambda path: room)
    for number in range(100):
        database.put(f"/{number}", stored(bytes([number]) * 20_000), database.epoch())
    room = False
    database.put("/full", stored(b"a" * 20_000), database.epoch())
    pages = database._pragma("page_count")
    for number in range(500):
        assert database.put(f"/more/{number}", stored(b"b" * 20_000), database.epoch())
    assert database._pragma("page_count") == pages
    assert not database.keys("/0", 1)
    assert 50 < database.usage().entries < 100
    room = True
    for number in range(100):
        database.put(f"/again/{number}", stored(b"c" * 20_000), database.epoch())
    assert database.usage().entries > 150
    database.close()


def test_a_page_that_is_put_into_a_full_disk_is_there(tmp_path: Path) -> None:
    database = Database(tmp_path / "edge.db", 100_000_000, lambda path: False)
    for number in range(3):
        assert database.put(f"/{number}", stored(bytes([number]) * 900_000), database.epoch())
        assert database.keys(f"/{number}", 1)
    database.close()


def test_only_the_last_builds_and_purges_are_remembered(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("isrgen.edge.database.REMEMBERED", 20)
    for number in range(150):
        database.announce(f"b{number}")
    assert database._db.execute("SELECT count(*) FROM builds").fetchone()[0] == 100
    for number in range(50):
        database.invalidate(Purged(tag=f"t{number}"))
    assert database._db.execute("SELECT count(*) FROM purges").fetchone()[0] == 20
