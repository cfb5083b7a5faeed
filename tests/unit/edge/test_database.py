"""The statements of the store on disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from isrgen.edge.database import Database
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


def test_a_file_of_an_earlier_version_is_brought_up_to_date(tmp_path: Path) -> None:
    Database(tmp_path / "edge.db", 1_000_000).close()
    plain = sqlite3.connect(tmp_path / "edge.db")
    plain.executescript("DROP INDEX leases_end; PRAGMA user_version = 1;")
    plain.close()
    database = Database(tmp_path / "edge.db", 1_000_000)
    names = {row[0] for row in database._db.execute("SELECT name FROM sqlite_master WHERE type = 'index'")}
    assert "leases_end" in names
    database.close()


def test_a_write_that_fails_at_its_very_end_does_not_stop_the_next_one(database: Database) -> None:
    database._db.execute("CREATE TABLE parents (id INTEGER PRIMARY KEY)")
    database._db.execute(
        "CREATE TABLE children (id INTEGER REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED)"
    )
    database._db.execute("PRAGMA foreign_keys = ON")
    with pytest.raises(sqlite3.IntegrityError), database._transaction():
        database._db.execute("INSERT INTO children VALUES (1)")
    database.announce("b")
