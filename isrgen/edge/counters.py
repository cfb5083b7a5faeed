"""How often each thing happened, counted by every process and added up for whoever asks.

A process adds to cells of its own, without a lock and without a call:
``counters.cells[Count.HIT] += 1``. With a file, the cells are a row of it, and
``totals`` are those of all rows: of every worker, also of one that died.
"""

from __future__ import annotations

import fcntl
import mmap
import os
from enum import IntEnum, unique
from pathlib import Path
from typing import Final

_MOST_ROWS: Final = 4096


@unique
class Count(IntEnum):
    """What is counted; times are whole microseconds."""

    HIT = 0
    STALE = 1
    MISS = 2
    BYPASS = 3
    COLLAPSED = 4
    STALE_IF_ERROR = 5
    RENDERS = 6
    RENDER_MICROSECONDS = 7
    RENDER_ERRORS = 8
    REFRESHES = 9
    REFRESHES_FAILED = 10
    STORE_ERRORS = 11
    PURGES = 12
    REQUESTS = 13
    RESPONSE_BYTES = 14
    NOT_MODIFIED = 15
    STATUS_2XX = 16
    STATUS_3XX = 17
    STATUS_4XX = 18
    STATUS_5XX = 19
    RENEWED = 20


_ROW: Final = 32
"""Cells in a row; more than there are counts, so that a newer version can read an older file."""


class Counters:
    """One process's cells; with ``path``, a row of a file that others count in too.

    Where the file cannot be had, the cells are in memory and ``totals`` are
    those of this process alone.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._map: mmap.mmap | None = None
        self._path = path
        if path is not None:
            self._map, start = _claim(path)
            self.cells = memoryview(self._map).cast("Q")[start : start + _ROW]
        else:
            self.cells = memoryview(bytearray(8 * _ROW)).cast("Q")

    def add(self, count: Count, amount: int = 1) -> None:
        self.cells[count] += amount

    def totals(self) -> dict[Count, int]:
        """The sums over every process that shares the file."""
        if self._path is None:
            return {count: self.cells[count] for count in Count}
        data = self._path.read_bytes()
        rows = memoryview(data[: len(data) // 8 * 8]).cast("Q")
        return {count: sum(rows[count::_ROW]) for count in Count}

    def close(self) -> None:
        self.cells.release()
        if self._map is not None:
            self._map.close()
            self._map = None


def _claim(path: Path) -> tuple[mmap.mmap, int]:
    """Append a row to the file; the map of it, and the row's first cell."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        row = os.fstat(descriptor).st_size // (8 * _ROW) % _MOST_ROWS
        # Written, not only made longer: a page of a map for which the disk has no room kills who writes to it.
        os.pwrite(descriptor, bytes(8 * _ROW), row * 8 * _ROW)
        return mmap.mmap(descriptor, (row + 1) * 8 * _ROW), row * _ROW
    finally:
        os.close(descriptor)
