"""``redis://HOST:PORT/DB`` keeps responses in Redis or Valkey, with memory in front.

Every look asks Redis whether the copy in memory is current (one question for
all who ask at a time) and fetches what has changed. So no process sends an
older copy than another has sent, and a purge holds for all once it returns.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any, Final

from isrgen.caching.invalidation import ALL
from isrgen.caching.settle import PRIVATE_SECONDS
from isrgen.caching.stored import HeaderPairs, Stored
from isrgen.caching.urls import told
from isrgen.edge.collapse import Flights
from isrgen.edge.purge import REMEMBERED, Purged
from isrgen.edge.redis import lease_scripts, purge_scripts, scripts
from isrgen.edge.redis.checks import Checks, Current
from isrgen.edge.redis.entry import (
    WORD,
    Change,
    Entry,
    commit,
    entry_from,
    key_bytes,
    key_text,
    placing,
    purge_text,
    removing,
    summaries_from,
    variants_from,
)
from isrgen.edge.redis.link import Link, Place
from isrgen.edge.redis.place import place_of
from isrgen.edge.s3fifo import S3Fifo
from isrgen.edge.store import Lease, Summary, Usage

log = logging.getLogger("isrgen")
_MEMORY_BYTES: Final = 64 * 1024 * 1024
_TRIES: Final = 64
_CHUNK: Final = 100
"""Entries that one script looks at: Redis does nothing else meanwhile."""


def open_url(scheme: str, rest: str, *, root: Path, shared: bool) -> RedisStore:
    """``redis://[USER:PASSWORD@]HOST[:PORT][/DB]``, ``rediss://`` over TLS, ``redis+unix:///PATH``."""
    return RedisStore(place_of(scheme, rest))


class RedisStore:
    """A ``Store`` that machines share; ``memory`` bounds what each process holds of it."""

    def __init__(
        self,
        place: Place,
        *,
        memory: int = _MEMORY_BYTES,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._link = Link(place, monotonic=monotonic)
        self._frame = (self._link.key("book"), self._link.key("index"))
        self._checks = Checks(self._generations)
        self._fetches: Flights[tuple[str, str], Sequence[Stored]] = Flights()
        self._held: S3Fifo[str] = S3Fifo(memory)
        self._build: str | None = None
        self._rank = 0
        self._announced_in = ""

    def peek(self, key: str) -> Sequence[Stored] | None:
        """Nothing is certain without asking."""
        return None

    async def get(self, key: str) -> Sequence[Stored]:
        generation, size = await self._checks.current(key)
        if not generation:
            self._held.remove(key)
            return ()
        held = self._held.get(key)
        if held is not None and held.mark == generation:
            return held.variants
        variants, _ = await self._fetches.join((key, generation), lambda: self._fetch(key, size))
        return variants

    async def put(self, key: str, stored: Stored, epoch: int) -> bool:
        for _ in range(_TRIES):
            entry = await self._entry(key, epoch)
            if self._build is not None and entry.life != self._announced_in:
                await self._announce(self._build)
                continue
            change = placing(entry, key, stored)
            if change is None:
                return False
            if await self._commit(key, entry, change):
                return True
        raise RuntimeError("Redis: this page changes faster than it can be kept")

    async def delete(self, key: str, selecting: HeaderPairs | None = None) -> None:
        for _ in range(_TRIES):
            entry = await self._entry(key)
            change = removing(entry, selecting)
            if change is None or await self._commit(key, entry, change):
                return
        raise RuntimeError("Redis: this page changes faster than it can be removed")

    async def epoch(self) -> int:
        return int(await self._link.call(purge_scripts.EPOCH, self._frame, *_new_life()))

    async def announce(self, build: str) -> None:
        self._build, self._rank, self._announced_in = build, 0, ""
        await self._announce(build)

    async def invalidate_key(self, prefix: str, hard: bool) -> list[str]:
        key = b"k" + key_bytes(prefix)
        ranges = [(b"[" + key, b"[" + key), (b"[" + key + b"?", b"(" + key + b"@")]
        return await self._purge(Purged(key=prefix, hard=hard), ranges)

    async def invalidate_tag(self, tag: str, hard: bool) -> list[str]:
        purge = Purged(tag=tag, hard=hard)
        if tag == ALL:
            return await self._purge(purge, [(b"[k", b"(l")])
        start = f"t{tag}".encode()
        return await self._purge(purge, [(b"[" + start + WORD.encode(), b"(" + start + b" ")])

    async def acquire(self, key: str, owner: str, now: float, seconds: float) -> Lease:
        answer = await self._link.call(lease_scripts.ACQUIRE, [self._lease(key)], owner, now, seconds)
        return Lease(answer.decode())

    async def release(self, key: str, owner: str, private_until: float = 0.0) -> None:
        remembered = int(2000 * PRIVATE_SECONDS)
        await self._link.call(lease_scripts.RELEASE, [self._lease(key)], owner, private_until, remembered)

    async def keys(self, prefix: str = "", limit: int = 1000) -> list[str]:
        found = []
        async for key, _, _, _ in self._listed(prefix):
            found.append(key_text(key))
            if len(found) >= limit:
                break
        return found

    async def summaries(self, prefix: str = "", limit: int = 1000) -> list[Summary]:
        found: list[Summary] = []
        async for key, _, _, heads in self._listed(prefix, with_heads=True):
            found += summaries_from(key_text(key), _fields(heads))
            if len(found) >= limit:
                break
        return found[:limit]

    async def usage(self) -> Usage:
        entries = size = 0
        async for _, taken, variants, _ in self._listed(""):
            entries += int(variants)
            size += int(taken)
        return Usage(entries, size)

    async def close(self) -> None:
        await self._checks.close()
        await self._fetches.close()
        await self._link.close()

    def _key(self, key: str) -> bytes:
        return self._link.key("e:", key_bytes(key))

    def _lease(self, name: str) -> bytes:
        return self._link.key("l:", key_bytes(name))

    async def _generations(self, keys: Sequence[str]) -> list[Current]:
        entries = [self._key(key) for key in keys]
        _, *facts = await self._link.read(scripts.CHECK, [*self._frame, *entries])
        pairs = zip(facts[::2], facts[1::2], strict=True)
        return [(generation.decode(), int(size)) for generation, size in pairs]

    async def _fetch(self, key: str, size: int) -> Sequence[Stored]:
        """What lies under a key now, which from now on is the copy in memory."""
        answer = await self._link.read(scripts.FETCH, [*self._frame, self._key(key)], size=size)
        fields = _fields(answer)
        try:
            variants = variants_from(fields)
        except ValueError as fault:
            log.error("a page in the edge store was damaged, and is made anew: %s (%s)", told(key), fault)
            await self._link.call(scripts.DISCARD, [self._key(key)])
            return ()
        self._held.set(key, variants, fields.get(b"g", b"").decode())
        return variants

    async def _entry(self, key: str, epoch: int = -1) -> Entry:
        """What lies under a key without the bodies, and the purges since ``epoch``, if any."""
        keys = [*self._frame, self._key(key)]
        book, heads, purges = await self._link.call(scripts.HEADS, keys, *_new_life(), epoch)
        try:
            return entry_from(_fields(book), _fields(heads), purges, epoch)
        except ValueError:
            await self._link.call(scripts.DISCARD, [self._key(key)])
            return entry_from(_fields(book), {}, purges, epoch)

    async def _commit(self, key: str, entry: Entry, change: Change) -> bool:
        """Carry out a change unless something else has changed meanwhile."""
        script = scripts.REMOVE if change.new is None else scripts.PUT
        arguments = commit(entry, key, change, secrets.token_hex(6))
        done = bool(await self._link.call(script, [*self._frame, self._key(key)], *arguments))
        if done and change.new is not None and len(change.gone) == len(entry.heads):
            self._held.set(key, (change.new,), str(arguments[4]))
        return done

    async def _announce(self, build: str) -> None:
        """Tell Redis of the build; in a new life it gets the rank it had before."""
        life, rank = await self._link.call(
            purge_scripts.ANNOUNCE, self._frame, *_new_life(), build, self._rank
        )
        self._announced_in, self._rank = life.decode(), int(rank)

    async def _purge(self, purge: Purged, ranges: Sequence[tuple[bytes, bytes]]) -> list[str]:
        """Note a purge, then carry it out piece by piece; the keys that hold some of it still."""
        for _ in range(_TRIES):
            life = await self._link.call(
                purge_scripts.PURGE, self._frame, *_new_life(), purge_text(purge), REMEMBERED
            )
            left: set[str] = set()
            if all([await self._mark(life, purge, low, high, left) for low, high in ranges]):
                return sorted(left)
        raise RuntimeError("Redis loses what it is told faster than it can be purged")

    async def _mark(self, life: bytes, purge: Purged, low: bytes, high: bytes, left: set[str]) -> bool:
        """Purge a range of the index; False when the store has begun anew meanwhile."""
        tag = "" if purge.tag == ALL else purge.tag
        while True:
            arguments = (life, low, high, _CHUNK, tag, int(purge.hard), secrets.token_hex(6))
            answer = await self._link.call(purge_scripts.MARK, self._frame, *arguments)
            if not answer:
                return False
            last, keys = answer
            left.update(map(key_text, keys))
            if not last:
                return True
            low = b"(" + last

    async def _listed(
        self, prefix: str, with_heads: bool = False
    ) -> AsyncIterator[tuple[bytes, Any, Any, Any]]:
        """The key, bytes, number of variants and heads of every entry, in the order of keys."""
        low, high = b"[k" + key_bytes(prefix), b"(k" + key_bytes(prefix) + b"\xff"
        while True:
            answer = await self._link.call(scripts.LIST, self._frame, low, high, _CHUNK, int(with_heads))
            last, found = answer
            for key, size, variants, heads in found:
                yield key, size, variants, heads
            if not last:
                return
            low = b"(" + last


def _new_life() -> tuple[str, int]:
    """An id and a first epoch, should the store have to begin anew: no number of an earlier life fits."""
    return secrets.token_hex(8), secrets.randbits(48)


def _fields(flat: Sequence[bytes]) -> dict[bytes, bytes]:
    return dict(zip(flat[::2], flat[1::2], strict=True))
