"""A store that cannot take the site down.

Whatever the store raises is logged once in a while, and answered as an empty
store would: pages are then rendered for every visitor. Only a purge is told of:
whoever asked for it must know, and until it got through nothing is answered
from the store, which may hold what should be gone.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

from isrgen.caching.invalidation import ALL
from isrgen.caching.stored import HeaderPairs, Stored
from isrgen.edge.counters import Count, Counters
from isrgen.edge.purge import Purged
from isrgen.edge.store import Lease, PurgeError, Store, Summary, Usage

T = TypeVar("T")

log = logging.getLogger("isrgen")
_QUIET_SECONDS: Final = 30.0
_RETRY_SECONDS: Final = 1.0
MOST_OWED: Final = 1000
"""Failed purges that are remembered one by one; more become one of everything."""

_FAULTS: Final = (OSError, sqlite3.Error, RuntimeError, ValueError, TypeError, KeyError)


class Failsafe:
    """A ``Store`` around another one; its faults are counted in ``counters``."""

    def __init__(
        self,
        store: Store,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        counters: Counters | None = None,
    ) -> None:
        self._store = store
        self._counters = counters
        self._monotonic = monotonic
        self._said: float | None = None
        self._owed: list[Purged] = []
        self._retry_at = 0.0

    async def get(self, key: str) -> Sequence[Stored]:
        if self._owed and not await self._make_good():
            return ()
        return await self._try(self._store.get(key), ())

    def peek(self, key: str) -> Sequence[Stored] | None:
        if self._owed:
            return None
        try:
            return self._store.peek(key)
        except _FAULTS as fault:
            self._say(fault)
            return None

    async def put(self, key: str, stored: Stored, epoch: int) -> bool:
        return await self._try(self._store.put(key, stored, epoch), False)

    async def delete(self, key: str, selecting: HeaderPairs | None = None) -> None:
        await self._try(self._store.delete(key, selecting), None)

    async def epoch(self) -> int:
        return await self._try(self._store.epoch(), 0)

    async def announce(self, build: str) -> None:
        await self._try(self._store.announce(build), None)

    async def invalidate_key(self, prefix: str, hard: bool) -> list[str]:
        return await self._purge(Purged(key=prefix, hard=hard))

    async def invalidate_tag(self, tag: str, hard: bool) -> list[str]:
        return await self._purge(Purged(tag=tag, hard=hard))

    async def acquire(self, key: str, owner: str, now: float, seconds: float) -> Lease:
        return await self._try(self._store.acquire(key, owner, now, seconds), Lease.MINE)

    async def release(self, key: str, owner: str, private_until: float = 0.0) -> None:
        await self._try(self._store.release(key, owner, private_until), None)

    async def keys(self, prefix: str = "", limit: int = 1000) -> list[str]:
        return await self._try(self._store.keys(prefix, limit), [])

    async def summaries(self, prefix: str = "", limit: int = 1000) -> list[Summary]:
        return await self._try(self._store.summaries(prefix, limit), [])

    async def usage(self) -> Usage:
        return await self._try(self._store.usage(), Usage(0, 0))

    async def close(self) -> None:
        await self._try(self._store.close(), None)

    async def _try(self, work: Awaitable[T], otherwise: T) -> T:
        try:
            return await work
        except _FAULTS as fault:
            self._say(fault)
            return otherwise

    async def _purge(self, purge: Purged) -> list[str]:
        """Carry out a purge; raises PurgeError, and owes it, when the store does not."""
        try:
            return await self._carry_out(purge)
        except _FAULTS as fault:
            self._say(fault)
            self._owed.append(purge)
            if len(self._owed) > MOST_OWED:
                self._owed = [Purged(tag=ALL, hard=any(owed.hard for owed in self._owed))]
            raise PurgeError(f"the cache could not be purged: {fault}") from fault

    async def _carry_out(self, purge: Purged) -> list[str]:
        if purge.tag:
            return await self._store.invalidate_tag(purge.tag, purge.hard)
        return await self._store.invalidate_key(purge.key, purge.hard)

    async def _make_good(self) -> bool:
        """Try the failed purges again, once in a while; whether none is left."""
        now = self._monotonic()
        if now < self._retry_at:
            return False
        self._retry_at = now + _RETRY_SECONDS
        for purge in tuple(self._owed):
            try:
                await self._carry_out(purge)
            except _FAULTS as fault:
                self._say(fault)
                return False
            if purge in self._owed:
                self._owed.remove(purge)
        return not self._owed

    def _say(self, fault: Exception) -> None:
        if self._counters is not None:
            self._counters.add(Count.STORE_ERRORS)
        now = self._monotonic()
        if self._said is None or now - self._said >= _QUIET_SECONDS:
            self._said = now
            log.error("the edge store fails, pages are rendered for every visitor: %s", fault)
