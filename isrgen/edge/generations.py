"""Counters that several processes share, to know at once when a copy in memory is out of date.

One file, mapped by every process: a counter for each of many buckets of keys,
and one for purges, which concern everything. Whoever writes makes the counter
odd, commits, and makes it even again. A copy may be sent from memory only
while the counters are even and the same as when it was read; an odd one means
that a write is under way, or that its writer was killed, and to ask the
database. Every file begins at a number of its own, so that no mark of one
means anything in another.
"""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from zlib import crc32

_BUCKETS: Final = 16384
_EVERYTHING: Final = 0
_BYTES: Final = 8 * (_BUCKETS + 1)

Mark = tuple[int, int]
"""A bucket's counter and the one for everything, as they were at a moment."""


class Generations:
    """The mapped file. Reading a mark takes no lock and no system call."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            with self._locked():
                is_new = os.fstat(self._descriptor).st_size < _BYTES
                _fill(self._descriptor)
                self._map = mmap.mmap(self._descriptor, _BYTES)
                self._counters = memoryview(self._map).cast("Q")
                if is_new:
                    self._counters[_EVERYTHING] = 2 * secrets.randbits(60)
                self._heal()
        except BaseException:
            os.close(self._descriptor)
            raise

    def mark(self, key: str) -> Mark:
        return self._counters[_bucket(key)], self._counters[_EVERYTHING]

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
        slots = [_EVERYTHING if key is None else _bucket(key)]
        with self._locked():
            if os.fstat(self._descriptor).st_size < _BYTES:
                raise OSError(errno.EIO, "the file of counters was cut short")
            self._step(slots, odd=True)
            try:
                yield
            finally:
                self._step(slots, odd=False)

    def close(self) -> None:
        self._counters.release()
        self._map.close()
        os.close(self._descriptor)

    def _step(self, slots: Iterable[int], *, odd: bool) -> None:
        for slot in slots:
            value = self._counters[slot]
            # After a writer that was killed the counter is odd already.
            self._counters[slot] = value + (1 if value % 2 != odd else 2)

    def _heal(self) -> None:
        """Under the lock nobody is writing: an odd counter is that of a writer that was killed."""
        self._step([slot for slot, value in enumerate(self._counters) if value % 2], odd=False)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        # The system gives the lock back when its holder dies.
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)


def _fill(descriptor: int) -> None:
    """Give every page of the file its place on the disk, or raise OSError.

    Who writes to a page of a mapped file for which there is none is killed.
    """
    facts = os.fstat(descriptor)
    if facts.st_size >= _BYTES and facts.st_blocks * 512 >= _BYTES:
        return
    content = os.pread(descriptor, _BYTES, 0).ljust(_BYTES, b"\0")
    if os.pwrite(descriptor, content, 0) < _BYTES:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def is_settled(mark: Mark) -> bool:
    """Whether no write was under way when the mark was read."""
    return not (mark[0] % 2 or mark[1] % 2)


def _bucket(key: str) -> int:
    return crc32(key.encode("utf-8", "surrogatepass")) % _BUCKETS + 1
