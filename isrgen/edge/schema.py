"""The tables of the store on disk, and how a row becomes a stored response."""

from __future__ import annotations

import json
import secrets
import sqlite3
from typing import Any, Final

from isrgen.caching.policy import Lifetime
from isrgen.caching.stored import Stored

_VERSION: Final = 2
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS entries (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL, selecting TEXT NOT NULL, status INTEGER NOT NULL,
    headers TEXT NOT NULL, etag TEXT NOT NULL, fresh INTEGER NOT NULL, swr INTEGER NOT NULL,
    sie INTEGER NOT NULL, generated_at REAL NOT NULL, tags TEXT NOT NULL, invalidated INTEGER NOT NULL,
    build TEXT NOT NULL, size INTEGER NOT NULL, used INTEGER NOT NULL, UNIQUE (key, selecting));
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
    "id, key, selecting, status, headers, etag, fresh, swr, sie, generated_at, tags, invalidated, build"
)


def create(db: sqlite3.Connection) -> None:
    """Make the tables, unless they are there.

    Purges are counted from a number of this file's own, so that what was
    rendered while another file lay here is known for what it is.
    """
    if db.execute("PRAGMA user_version").fetchone()[0] == _VERSION:
        return
    db.executescript(_SCHEMA)
    db.execute(
        "INSERT INTO sqlite_sequence SELECT 'purges', ?"
        " WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'purges')",
        (secrets.randbits(48),),
    )
    db.execute(f"PRAGMA user_version = {_VERSION}")


def stored_from(row: tuple[Any, ...], body: bytes) -> Stored:
    """The response of a row of ``COLUMNS``."""
    _, _, selecting, status, headers, etag, fresh, swr, sie, generated_at, tags, invalidated, build = row
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
    )
