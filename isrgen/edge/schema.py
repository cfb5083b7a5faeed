"""The tables of the store on disk, and how a stored response becomes a row and a row one again."""

from __future__ import annotations

import json
import secrets
import sqlite3
from hashlib import blake2b
from typing import Any, Final

from isrgen.caching.policy import Lifetime
from isrgen.caching.stored import Stored
from isrgen.edge.store import Summary, summary

APPLICATION_ID: Final = int.from_bytes(b"isrg", "big")
"""By which a file of SQLite says whose it is."""
_VERSION: Final = 3
_LONGEST_LOG: Final = 16 * 1024 * 1024
"""Bytes to which the log is cut back after something large."""
_TABLES: Final = ("entries", "bodies", "tags", "purges", "leases", "builds", "counters")
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS entries (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL, selecting TEXT NOT NULL, status INTEGER NOT NULL,
    headers TEXT NOT NULL, etag TEXT NOT NULL, fresh INTEGER NOT NULL, swr INTEGER NOT NULL,
    sie INTEGER NOT NULL, generated_at REAL NOT NULL, tags TEXT NOT NULL, invalidated INTEGER NOT NULL,
    build TEXT NOT NULL, initial_age INTEGER NOT NULL, if_disconnected INTEGER NOT NULL,
    for_authorized INTEGER NOT NULL, digest BLOB NOT NULL, size INTEGER NOT NULL, used INTEGER NOT NULL,
    UNIQUE (key, selecting));
CREATE INDEX IF NOT EXISTS entries_used ON entries (used);
CREATE TABLE IF NOT EXISTS bodies (id INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS tags (tag TEXT NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (tag, id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS tags_id ON tags (id);
CREATE TABLE IF NOT EXISTS purges (
    epoch INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL, tag TEXT NOT NULL, hard INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS leases (
    key TEXT PRIMARY KEY, owner TEXT NOT NULL, until REAL NOT NULL, private_until REAL NOT NULL);
CREATE INDEX IF NOT EXISTS leases_end ON leases (max(until, private_until));
CREATE TABLE IF NOT EXISTS builds (rank INTEGER PRIMARY KEY AUTOINCREMENT, build TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
INSERT OR IGNORE INTO counters VALUES ('bytes', 0), ('clock', 0);
"""
COLUMNS: Final = (
    "id, key, selecting, status, headers, etag, fresh, swr, sie, generated_at, tags, invalidated, build,"
    " initial_age, if_disconnected, for_authorized, digest, size"
)
Row = tuple[Any, ...]


def prepare(db: sqlite3.Connection) -> None:
    """Set up a connection, and the database where it is new."""
    _sign(db)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    # A page of a site is no secret: to overwrite what is let go of would fill the log with all of it.
    db.execute("PRAGMA secure_delete = OFF")
    db.execute(f"PRAGMA journal_size_limit = {_LONGEST_LOG}")
    _create(db)


def _sign(db: sqlite3.Connection) -> None:
    """Write into a new database whose it is: while it has no log, so that its header says so from then on."""
    if db.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID:
        return
    if db.execute("PRAGMA page_count").fetchone()[0]:
        raise sqlite3.OperationalError("this is the database of another program")
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def _create(db: sqlite3.Connection) -> None:
    """Make the tables; those of another version are given up, for they only hold what can be made again.

    Purges are counted from a number of this file's own, so that what was
    rendered while another file lay here is known for what it is.
    """
    if db.execute("PRAGMA user_version").fetchone()[0] == _VERSION:
        return
    for table in _TABLES:
        db.execute(f"DROP TABLE IF EXISTS {table}")
    db.executescript(_SCHEMA)
    db.execute("INSERT INTO sqlite_sequence VALUES ('purges', ?)", (secrets.randbits(48),))
    db.execute(f"PRAGMA user_version = {_VERSION}")


def digest_of(body: bytes) -> bytes:
    """What a body is known by, whoever wrote its entity tag."""
    return blake2b(body, digest_size=16).digest()


def row_of(key: str, stored: Stored, digest: bytes) -> Row:
    """The values of ``COLUMNS`` but for the first."""
    lifetime = stored.lifetime
    return (
        key, json.dumps(stored.selecting), stored.status, json.dumps(stored.headers), stored.etag,
        lifetime.fresh, lifetime.stale_while_revalidate, lifetime.stale_if_error, stored.generated_at,
        json.dumps(stored.tags), stored.invalidated, stored.build, stored.initial_age,
        stored.if_disconnected, stored.for_authorized, digest, stored.size,
    )  # fmt: skip


def stored_from(row: Row, body: bytes) -> Stored:
    """The response of a row of ``COLUMNS``; raises ValueError or TypeError when that is damaged."""
    (
        _, _, selecting, status, headers, etag, fresh, swr, sie, generated_at, tags, invalidated, build,
        initial_age, if_disconnected, for_authorized, _, _,
    ) = row  # fmt: skip
    return Stored(
        status=status,
        headers=tuple((name, value) for name, value in json.loads(headers)),
        body=body,
        etag=etag,
        lifetime=Lifetime(fresh, swr, sie),
        generated_at=generated_at,
        selecting=tuple((name, value) for name, value in json.loads(selecting)),
        tags=tuple(json.loads(tags)),
        invalidated=bool(invalidated),
        build=build,
        initial_age=initial_age,
        if_disconnected=if_disconnected,
        for_authorized=bool(for_authorized),
    )


def summary_from(row: Row) -> Summary:
    """What a listing shows of a row of ``COLUMNS``."""
    return summary(row[1], stored_from(row, b""), row[17])
