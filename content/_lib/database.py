"""The example's database: SQLite, created and filled by whoever needs it first.

Each call opens a connection of its own, so threads and workers share nothing
but the file. A file that is missing, or older than ``data/posts.json``, is
filled in one transaction: when several workers start at once, one of them does
it and the others wait.
"""

import json
import os
import sqlite3
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from isrgen import data_path

_SCHEMA = """
create table if not exists posts (
  slug text primary key, title text not null, date text not null, tag text not null,
  summary text not null, body text not null
);
create table if not exists sessions (token text primary key, user text not null, created text not null);
"""


def location() -> Path:
    """Where the database lies.

    ``ISRGEN_HOME_DB`` if it is set; else the site's own ``.isrgen`` folder,
    which survives builds; else, where the code lies alone or on a read-only
    disk, a private folder below the system's temporary one.
    """
    if chosen := os.environ.get("ISRGEN_HOME_DB"):
        Path(chosen).parent.mkdir(parents=True, exist_ok=True)
        return Path(chosen)
    for folder in Path(__file__).resolve().parents:
        state = folder / ".isrgen"
        if state.is_dir() and os.access(state, os.W_OK):
            return state / "home.db"
    user = os.getuid() if hasattr(os, "getuid") else 0
    private = Path(tempfile.gettempdir(), f"isrgen-home-{user}")
    private.mkdir(mode=0o700, exist_ok=True)
    return private / "home.db"


@contextmanager
def connect() -> Iterator[sqlite3.Connection]:
    """A connection to a filled database; what is written is kept when the block ends well."""
    connection = sqlite3.connect(location(), timeout=5)
    connection.row_factory = sqlite3.Row
    try:
        _fill(connection)
        with connection:
            yield connection
    finally:
        connection.close()


def _fill(connection: sqlite3.Connection) -> None:
    text = data_path("data/posts.json").read_bytes()
    edition = zlib.crc32(text) & 0x7FFFFFFF or 1
    if _edition(connection) == edition:
        return
    with connection:
        connection.execute("begin immediate")
        if _edition(connection) == edition:
            return
        for statement in filter(str.strip, _SCHEMA.split(";")):
            connection.execute(statement)
        connection.executemany(
            "insert or replace into posts (slug, title, date, tag, summary, body)"
            " values (:slug, :title, :date, :tag, :summary, :body)",
            json.loads(text),
        )
        connection.execute(f"pragma user_version = {edition}")


def _edition(connection: sqlite3.Connection) -> int:
    """Which edition of the posts the file was filled with; 0 for a new file."""
    return int(connection.execute("pragma user_version").fetchone()[0])
