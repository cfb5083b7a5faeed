"""A connection to the database of a store, and what becomes of one that is damaged."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import TypeVar

from isrgen.edge import files
from isrgen.edge.database import Database
from isrgen.edge.files import Found

T = TypeVar("T")

log = logging.getLogger("isrgen")


class Handle:
    """For one thread; the file is opened at the first use, and again when it was replaced."""

    def __init__(self, path: Path, limit: int) -> None:
        self._path = path
        self._limit = limit
        self._database: Database | None = None
        self._inode = 0

    def run(self, work: Callable[[Database], T]) -> T:
        """Do something with the database; a damaged one is replaced by an empty one."""
        try:
            return work(self._open())
        except sqlite3.DatabaseError as fault:
            if not files.is_damage(fault):
                raise
            self.close()
            _give_up(self._path, fault)
            return work(self._open())

    def close(self) -> None:
        if self._database is not None:
            with suppress(sqlite3.Error):
                self._database.close()
            self._database = None

    def _open(self) -> Database:
        if self._database is not None and self._inode == _inode(self._path):
            return self._database
        self.close()
        # SQLite does not wait for another process that is just creating the file.
        with files.alone(self._path) as found:
            if found is Found.UNREADABLE:
                _remove(self._path, found, "it has no header")
            if found is not Found.OURS:
                files.begin(self._path)
            self._database = Database(self._path, self._limit)
        self._inode = _inode(self._path)
        return self._database


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except OSError:
        return -1


def _give_up(path: Path, fault: sqlite3.DatabaseError) -> None:
    """Remove a damaged file, once for all processes."""
    with files.alone(path) as found:
        if found is Found.UNREADABLE or (found is Found.OURS and not _is_sound(path)):
            _remove(path, found, str(fault))


def _is_sound(path: Path) -> bool:
    """Whether another process has replaced it meanwhile."""
    try:
        with closing(sqlite3.connect(path, timeout=1.0)) as probe:
            return bool(probe.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok")
    except sqlite3.DatabaseError as fault:
        if not files.is_damage(fault):
            raise
        return False


def _remove(path: Path, found: Found, why: str) -> None:
    done = files.remove(path, found)
    log.error("the edge store %s is damaged (%s); %s, and it begins anew", path.name, why, done)
