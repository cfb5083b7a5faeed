"""What one build leaves for the next: rendered Markdown, by the digest of everything it was made from.

The file may be deleted, damaged, or written by another version: the build is
then slower, and never wrong. Only a digest decides; times are not looked at.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

_SCHEMA: Final = (
    "CREATE TABLE IF NOT EXISTS markup (key TEXT PRIMARY KEY, value TEXT NOT NULL, build INTEGER NOT NULL)"
)
_KEEP_BUILDS: Final = 5
"""A text that this many builds did not use is forgotten."""


class State:
    """Markdown that was rendered before. Use as a context manager."""

    def __init__(self, file: Path, *, clean: bool = False) -> None:
        self._file = file
        if clean:
            self._remove()
        self._connection = self._open()
        row = self._connection.execute("SELECT COALESCE(MAX(build), 0) FROM markup").fetchone()
        self._build: int = row[0] + 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def get(self, keys: Iterable[str]) -> dict[str, str]:
        """The texts that are known."""
        found = {}
        try:
            for key in keys:
                row = self._connection.execute("SELECT value FROM markup WHERE key = ?", (key,)).fetchone()
                if row is not None:
                    found[key] = row[0]
        except sqlite3.DatabaseError:
            return {}
        return found

    def keep(self, used: Iterable[str], made: Mapping[str, str]) -> None:
        """Remember what this build used and made, and forget what has not been used for long."""
        try:
            with self._connection:
                self._connection.executemany(
                    "UPDATE markup SET build = ? WHERE key = ?", ((self._build, key) for key in used)
                )
                self._connection.executemany(
                    "INSERT OR REPLACE INTO markup VALUES (?, ?, ?)",
                    ((key, value, self._build) for key, value in made.items()),
                )
                self._connection.execute("DELETE FROM markup WHERE build <= ?", (self._build - _KEEP_BUILDS,))
        except sqlite3.DatabaseError:
            self._remove()

    def _open(self) -> sqlite3.Connection:
        try:
            return self._connect(str(self._file))
        except (sqlite3.DatabaseError, OSError):
            self._remove()
        try:
            return self._connect(str(self._file))
        except (sqlite3.DatabaseError, OSError):
            return self._connect(":memory:")

    def _connect(self, name: str) -> sqlite3.Connection:
        if name != ":memory:":
            self._file.parent.mkdir(parents=True, exist_ok=True)
            _hide(self._file.parent)
        connection = sqlite3.connect(name)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute(_SCHEMA)
        except sqlite3.DatabaseError:
            connection.close()
            raise
        return connection

    def _remove(self) -> None:
        for suffix in ("", "-wal", "-shm"):
            try:
                self._file.with_name(self._file.name + suffix).unlink(missing_ok=True)
            except OSError:
                return


def _hide(folder: Path) -> None:
    """Keep git from the folder, whatever the site's own ``.gitignore`` says: all of it may be deleted."""
    ignored = folder / ".gitignore"
    if not ignored.exists():
        with suppress(OSError):
            ignored.write_text("*\n", encoding="ascii")
