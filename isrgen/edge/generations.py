"""Counters that several processes share, to know at once when a copy in memory is out of date.

One file, a counter for each of many buckets of keys. Whoever writes makes the
counter odd, commits, and makes it even again; a purge does so with all of
them. A copy may be sent from memory only while its counter is even and the
same as when it was read; an odd one means that a write is under way, or that
its writer was killed, and to ask the database. Every file begins at a number
of its own, so that no mark of one means anything in another.

The file is read and not mapped: a mapped file that somebody cuts short kills
whoever looks at it.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from zlib import crc32

_BUCKETS: Final = 16384
_DOUBT: Final = 8 * _BUCKETS
"""Where it is noted that a purge failed: 1 for a soft one, 2 for a hard one."""
_BYTES: Final = _DOUBT + 8
_ONES: Final = int.from_bytes(b"\1\0\0\0\0\0\0\0" * _BUCKETS, "little")
_NO_MARK: Final = -1, b""

Mark = tuple[int, bytes]
"""Where a bucket's counter lies, and what it was at a moment."""


class Generations:
    """The open file. Looking at a mark is one short read, and takes no lock."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            with self._locked():
                _fill(self._descriptor)
                # Nobody is writing: what is odd is that of a writer that was killed.
                self._step_all(odd=False, only_odd=True)
        except BaseException:
            os.close(self._descriptor)
            raise

    def mark(self, key: str) -> Mark:
        """The mark of a key now; one that never holds while a write is under way."""
        place = _place(key)
        counter = os.pread(self._descriptor, 8, place)
        return (place, counter) if len(counter) == 8 and not counter[0] & 1 else _NO_MARK

    def holds(self, mark: Mark) -> bool:
        """Whether nothing has changed since the mark was taken."""
        place, counter = mark
        return place >= 0 and os.pread(self._descriptor, 8, place) == counter

    def is_current(self) -> bool:
        """Whether the file is whole, and still the one that others open."""
        try:
            there = self._path.stat()
        except OSError:
            return False
        return there.st_size >= _BYTES and os.path.samestat(there, os.fstat(self._descriptor))

    @contextmanager
    def writing(self, key: str | None) -> Iterator[None]:
        """Around a write to one key, or with None to any; one writer at a time, across processes."""
        with self._locked():
            if os.fstat(self._descriptor).st_size < _BYTES:
                raise OSError(errno.EIO, "the file of counters was cut short")
            self._step(key, odd=True)
            try:
                yield
            finally:
                self._step(key, odd=False)

    @property
    def doubt(self) -> int:
        """Whether what is stored may be what a failed purge should have marked (1) or removed (2)."""
        return int.from_bytes(os.pread(self._descriptor, 8, _DOUBT), "little")

    def note_doubt(self, doubt: int) -> None:
        """Note that a purge failed, or with 0 that it was made good; takes no room on the disk.

        Only within ``writing``.
        """
        os.pwrite(self._descriptor, (max(doubt, self.doubt) if doubt else 0).to_bytes(8, "little"), _DOUBT)

    def close(self) -> None:
        os.close(self._descriptor)
        self._descriptor = -1

    def _step(self, key: str | None, *, odd: bool) -> None:
        if key is None:
            self._step_all(odd=odd)
            return
        place = _place(key)
        value = int.from_bytes(os.pread(self._descriptor, 8, place), "little")
        # After a writer that was killed the counter is odd already.
        os.pwrite(self._descriptor, (value + (1 if value % 2 != odd else 2)).to_bytes(8, "little"), place)

    def _step_all(self, *, odd: bool, only_odd: bool = False) -> None:
        """``_step`` for all buckets at once, in the arithmetic of one long number."""
        values = int.from_bytes(os.pread(self._descriptor, _DOUBT, 0), "little")
        odds = values & _ONES
        if only_odd:
            values += odds
        elif odd:
            values += _ONES + odds
        else:
            values += 2 * _ONES - odds
        os.pwrite(self._descriptor, values.to_bytes(_DOUBT, "little"), 0)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        # The system gives the lock back when its holder dies.
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)


def _fill(descriptor: int) -> None:
    """Give every page of the file its place on the disk, or raise OSError: later there may be no room.

    A file that is not whole gets a new beginning.
    """
    facts = os.fstat(descriptor)
    if facts.st_size >= _BYTES and facts.st_blocks * 512 >= _BYTES:
        return
    if facts.st_size >= _BYTES:
        content = os.pread(descriptor, _BYTES, 0)
    else:
        content = (2 * secrets.randbits(60)).to_bytes(8, "little") * _BUCKETS + bytes(8)
    if os.pwrite(descriptor, content, 0) < _BYTES:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def is_settled(mark: Mark) -> bool:
    """Whether no write was under way when the mark was taken."""
    return mark is not _NO_MARK


def _place(key: str) -> int:
    return crc32(key.encode("utf-8", "surrogatepass")) % _BUCKETS * 8
