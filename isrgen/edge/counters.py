"""How often each thing happened, counted by every process and added up for whoever asks.

A process adds to cells of its own, without a lock and without a call:
``counters.cells[Count.HIT] += 1``. With a file, the cells are a row of it, and
``totals`` are those of all rows. A worker that takes the place of a dead one
goes on in its row, so that no sum ever falls and the file stays small.

Adding is no single step: one thread adds to a row, that of the event loop, and
a process that forks makes its counters after it.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import mmap
import os
import sys
from contextlib import suppress
from enum import IntEnum, unique
from pathlib import Path
from typing import Final

log = logging.getLogger("isrgen")


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


_CELLS: Final = 32
"""In a row; more than there are counts, so that a newer version can read an older file."""

_OWNER: Final = _CELLS - 1
"""The cell that holds the process id of whoever counts in the row; 0: nobody."""

_ROW: Final = 8 * _CELLS
_MAGIC: Final = 0x6973_7267_656E_3031
"""What the first row begins with; there is nothing else in it."""

MOST_ROWS: Final = 1024
"""Processes that are alive at once; more share the last row, and may lose a count."""

_MOST_ATTEMPTS: Final = 100
_MOST_COUNTED: Final = 1 << 62


class Counters:
    """One process's cells; with ``path``, a row of a file that others count in too.

    Where the file cannot be had, the cells are in memory and ``totals`` are
    those of this process alone. It should lie where pages have their place
    once they were written (``/dev/shm``): who writes to a mapped page for
    which a full disk has no room is killed.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._descriptor = -1
        self._start = 0
        self.cells = _memory()
        if path is not None:
            try:
                self._open(path)
            except OSError as fault:
                log.error(
                    "the counts of several processes are not added up, %s: %s", path.name, fault.strerror
                )

    def add(self, count: Count, amount: int = 1) -> None:
        self.cells[count] += amount

    def totals(self) -> dict[Count, int]:
        """The sums over every process that shares the file."""
        if self._descriptor < 0:
            return {count: self.cells[count] for count in Count}
        cells = _read(self._descriptor)[_CELLS:]
        return {count: sum(cells[count::_CELLS]) for count in Count}

    def close(self) -> None:
        """Give the row to whoever comes next. What is still counted here counts nowhere."""
        if self._descriptor >= 0:
            cells, self.cells = self.cells, _memory()
            self.cells[:_OWNER] = cells[:_OWNER]
            cells[_OWNER] = 0
            os.close(self._descriptor)
            self._descriptor = -1

    def _open(self, path: Path) -> None:
        descriptor = _locked(path)
        try:
            row = _claim(descriptor)
            # Not closed by hand: whoever holds the cells may count once more, and that must not fail.
            mapped = mmap.mmap(descriptor, (row + 1) * _ROW)
            fcntl.flock(descriptor, fcntl.LOCK_UN)
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        self.cells = memoryview(mapped).cast("Q")[row * _CELLS : (row + 1) * _CELLS]


def _memory() -> memoryview:
    return memoryview(bytearray(_ROW)).cast("Q")


def _locked(path: Path) -> int:
    """The file, open and locked until it is unlocked or closed; one that is no such file is replaced.

    It is never cut: others have it mapped, and would be killed.
    """
    for _ in range(_MOST_ATTEMPTS):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if _is_at(path, descriptor):
                if _is_whole(descriptor):
                    return descriptor
                path.unlink()
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
    raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))


def _is_at(path: Path, descriptor: int) -> bool:
    with suppress(OSError):
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    return False


def _is_whole(descriptor: int) -> bool:
    """Whether the file is one of counters, made so if it is empty."""
    if os.fstat(descriptor).st_size == 0:
        _write(descriptor, 0, _MAGIC)
        return True
    cells = _read(descriptor)
    return len(cells) >= _CELLS and cells[0] == _MAGIC and max(cells[_CELLS:], default=0) < _MOST_COUNTED


def _claim(descriptor: int) -> int:
    """A row that nobody counts in, with what was counted in it, or one more at the end."""
    cells = _read(descriptor)
    rows = len(cells) // _CELLS
    free = (row for row in range(1, rows) if not _is_alive(cells[row * _CELLS + _OWNER]))
    row = next(free, rows)
    if row > MOST_ROWS:
        return MOST_ROWS
    if row == rows:
        # Written, not only made longer: who writes to a mapped page that has no place on the disk is killed.
        _write(descriptor, row, 0)
    os.pwrite(descriptor, os.getpid().to_bytes(8, sys.byteorder), row * _ROW + 8 * _OWNER)
    return row


def _is_alive(process: int) -> bool:
    if process == 0:
        return False
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # somebody else's
        return True
    return True


def _read(descriptor: int) -> memoryview:
    """The cells of all whole rows."""
    content = os.pread(descriptor, (MOST_ROWS + 1) * _ROW, 0)
    return memoryview(content)[: len(content) // _ROW * _ROW].cast("Q")


def _write(descriptor: int, row: int, first: int) -> None:
    """Fill a row with nothing but its first cell; raises OSError when there is no room."""
    content = first.to_bytes(8, sys.byteorder).ljust(_ROW, b"\0")
    if os.pwrite(descriptor, content, row * _ROW) != _ROW:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
