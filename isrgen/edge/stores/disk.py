"""``disk:PATH`` keeps responses in a SQLite file that several processes share, with memory in front.

The event loop never waits for the disk: one thread writes, another reads, and
what is in memory and still current is sent without either, but for one look a
second whether the files are still the same. They are opened at the first use
and again when they were replaced; one that is damaged is given up for a new one.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

from isrgen.caching.invalidation import ALL
from isrgen.caching.stored import HeaderPairs, Stored
from isrgen.caching.urls import told
from isrgen.edge import files
from isrgen.edge.database import Database
from isrgen.edge.generations import Generations, Mark, is_settled
from isrgen.edge.handle import Handle
from isrgen.edge.purge import Purged
from isrgen.edge.s3fifo import S3Fifo
from isrgen.edge.store import Lease, Summary, Usage
from isrgen.errors import IsrgenError

T = TypeVar("T")

log = logging.getLogger("isrgen")
_MEMORY_BYTES: Final = 64 * 1024 * 1024
_DISK_BYTES: Final = 1024 * 1024 * 1024
_MOST_TOUCHED: Final = 200
_LOOK_EVERY: Final = 1.0
"""Seconds for which the counters in use are taken for the ones that others use."""


def open_url(scheme: str, rest: str, *, root: Path, shared: bool) -> DiskStore:
    """``disk:PATH``, a file; relative ones are below ``root``."""
    if not rest:
        raise IsrgenError("disk: needs the path of a file.", "Write --store disk:.isrgen/edge.db")
    if "\0" in rest:
        raise IsrgenError("The path of the store has a NUL in it.", "Write --store disk:.isrgen/edge.db")
    path = files.real(root / rest)
    files.expect(path)
    return DiskStore(path)


class DiskStore:
    """A ``Store`` that processes share; ``limit`` bounds the file, ``memory`` each process."""

    def __init__(
        self,
        path: Path,
        *,
        limit: int = _DISK_BYTES,
        memory: int = _MEMORY_BYTES,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = files.real(path)
        self._monotonic = monotonic
        self._writer = ThreadPoolExecutor(1, "isrgen-store-write")
        self._reader = ThreadPoolExecutor(1, "isrgen-store-read")
        self._writes = Handle(self._path, limit)
        self._reads = Handle(self._path, limit)
        self._generations: Generations | None = None
        self._outdated: list[Generations] = []
        self._looked = monotonic()
        self._held: S3Fifo[Mark] = S3Fifo(memory)
        self._touched: set[str] = set()

    def peek(self, key: str) -> Sequence[Stored] | None:
        held = self._held.get(key)
        if held is not None:
            counters = self._known_counters()
            if counters is not None and counters.holds(held.mark):
                return held.variants
        return None

    async def get(self, key: str) -> Sequence[Stored]:
        known = self.peek(key)
        if known is not None:
            return known
        counters = self._known_counters()
        mark, variants, is_whole = await self._read_marked(key, counters)
        if not is_whole and await self._write(key, lambda database: database.mend(key)):
            log.error(
                "a page in the edge store %s was damaged, and is made anew: %s", self._path.name, told(key)
            )
        elif is_settled(mark):
            self._held.set(key, variants, mark)
        return variants

    async def put(self, key: str, stored: Stored, epoch: int) -> bool:
        return await self._write(key, lambda database: database.put(key, stored, epoch))

    async def delete(self, key: str, selecting: HeaderPairs | None = None) -> None:
        await self._write(key, lambda database: database.delete(key, selecting))

    async def epoch(self) -> int:
        return await self._read(lambda database: database.epoch())

    async def announce(self, build: str) -> None:
        await self._write(None, lambda database: database.announce(build))

    async def invalidate_key(self, prefix: str, hard: bool) -> list[str]:
        return await self._purge(Purged(key=prefix, hard=hard))

    async def invalidate_tag(self, tag: str, hard: bool) -> list[str]:
        return await self._purge(Purged(tag=tag, hard=hard))

    async def acquire(self, key: str, owner: str, now: float, seconds: float) -> Lease:
        return await self._quietly(lambda database: database.acquire(key, owner, now, seconds))

    async def release(self, key: str, owner: str, private_until: float = 0.0) -> None:
        await self._quietly(lambda database: database.release(key, owner, private_until))

    async def keys(self, prefix: str = "", limit: int = 1000) -> list[str]:
        return await self._read(lambda database: database.keys(prefix, limit))

    async def summaries(self, prefix: str = "", limit: int = 1000) -> list[Summary]:
        return await self._read(lambda database: database.summaries(prefix, limit))

    async def usage(self) -> Usage:
        return await self._read(lambda database: database.usage())

    async def close(self) -> None:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._writer, self._writes.close)
        await loop.run_in_executor(self._reader, self._reads.close)
        self._writer.shutdown()
        self._reader.shutdown()
        for counters in (*self._outdated, *([self._generations] if self._generations else [])):
            counters.close()
        self._generations = None

    def _known_counters(self) -> Generations | None:
        """The shared counters, if they are open and, as of a moment ago, still those of the others."""
        counters, now = self._generations, self._monotonic()
        if counters is None or now - self._looked < _LOOK_EVERY:
            return counters
        if not counters.is_current():
            return None
        self._looked = now
        return counters

    def _counters(self) -> Generations:
        """The shared counters; opened by the writer's thread alone."""
        counters = self._generations
        if counters is not None and counters.is_current():
            return counters
        # Not within: whoever opens the database has the lock of the counters already.
        with files.alone(self._path):
            pass
        fresh = Generations(files.beside(self._path, files.GENERATIONS))
        if counters is not None:
            # Another thread may be reading a mark: the old ones are closed at the end.
            self._outdated.append(counters)
        self._generations = fresh
        return fresh

    async def _read_marked(self, key: str, counters: Generations | None) -> tuple[Mark, list[Stored], bool]:
        if counters is None:
            counters = await asyncio.get_running_loop().run_in_executor(self._writer, self._counters)

        def work(database: Database) -> tuple[Mark, list[Stored], bool]:
            # First the mark: what is committed after it makes the copy out of date.
            mark = counters.mark(key)
            if counters.doubt:
                raise OSError(
                    errno.EIO, "a purge of this store failed, and nothing is read until it got through"
                )
            return mark, *database.get(key)

        if len(self._touched) < _MOST_TOUCHED:
            self._touched.add(key)
        return await self._read(work)

    async def _read(self, work: Callable[[Database], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._reader, self._reads.run, work)

    async def _quietly(self, work: Callable[[Database], T]) -> T:
        """A write that no copy in memory depends on."""
        return await asyncio.get_running_loop().run_in_executor(self._writer, self._writes.run, work)

    async def _purge(self, purge: Purged) -> list[str]:
        """Carry out a purge; when that fails, every process that shares the store knows of it."""

        def counted() -> list[str]:
            counters = self._counters()
            with counters.writing(None):
                try:
                    self._make_good(counters)
                    return self._writes.run(lambda database: database.invalidate(purge))
                except BaseException:
                    counters.note_doubt(2 if purge.hard else 1)
                    raise

        return await asyncio.get_running_loop().run_in_executor(self._writer, counted)

    async def _write(self, key: str | None, work: Callable[[Database], T]) -> T:
        touched, self._touched = self._touched, set()

        def counted() -> T:
            counters = self._counters()
            with counters.writing(key):
                self._make_good(counters)
                if touched:
                    self._writes.run(lambda database: database.touch(touched))
                return self._writes.run(work)

        return await asyncio.get_running_loop().run_in_executor(self._writer, counted)

    def _make_good(self, counters: Generations) -> None:
        """After a purge that failed, here or in another process: one of everything, for nobody noted which.

        No copy in memory needs to be told: the failed purge has moved every
        counter, and nothing was read since.
        """
        if doubt := counters.doubt:
            everything = Purged(tag=ALL, hard=doubt > 1)
            self._writes.run(lambda database: database.invalidate(everything))
            counters.note_doubt(0)
