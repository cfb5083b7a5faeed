"""A store that cannot take the site down.

Whatever the store raises is counted, logged once in a while, and answered as
an empty store would: pages are then rendered for every visitor. Only a purge is
told of: whoever asked for it must know, and until it got through nothing is
answered from the store, which may hold what should be gone. What the store
missed it is told again and again, until it works.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final, TypeVar

from isrgen.caching.stored import HeaderPairs, Stored
from isrgen.edge.counters import Count, Counters
from isrgen.edge.debts import Debts, carry_out
from isrgen.edge.purge import Purged
from isrgen.edge.store import Lease, PurgeError, Store, Summary, Usage

T = TypeVar("T")

log = logging.getLogger("isrgen")
_QUIET_SECONDS: Final = 30.0
_RETRY_SECONDS: Final = 1.0
_PAY_SECONDS: Final = 0.25
"""Between two attempts behind the visitors' backs."""


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
        self._peek = store.peek
        self._counters = counters
        self._monotonic = monotonic
        self._said: float | None = None
        self._told = False
        self._failing = False
        self._debts = Debts(store)
        self._timer: asyncio.TimerHandle | None = None
        self._paying: asyncio.Task[None] | None = None
        self._retry_at = 0.0

    async def get(self, key: str) -> Sequence[Stored]:
        if self._debts.purges and not await self._make_good():
            return ()
        return self._debts.visible(key, await self._try(self._store.get(key), ()))

    def peek(self, key: str) -> Sequence[Stored] | None:
        # A timer is set as long as something is owed.
        if self._timer is not None and (self._debts.purges or self._debts.hides(key)):
            return None
        try:
            return self._peek(key)
        except Exception as fault:
            self._say(fault)
            return None

    async def put(self, key: str, stored: Stored, epoch: int) -> bool:
        try:
            kept = await self._store.put(key, stored, epoch)
        except Exception as fault:
            self._say(fault)
            self._debts.owe_removal(key, stored)
            self._pay_later()
            return False
        if self._failing:
            self._works()
        if kept:
            self._debts.kept(key, stored)
        return kept

    async def delete(self, key: str, selecting: HeaderPairs | None = None) -> None:
        await self._try(self._store.delete(key, selecting), None)

    async def epoch(self) -> int:
        return await self._try(self._store.epoch(), 0)

    async def announce(self, build: str) -> None:
        try:
            await self._store.announce(build)
        except Exception as fault:
            self._say(fault)
            self._debts.owe_build(build)
            self._pay_later()

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
        if self._paying is not None:
            await asyncio.gather(self._paying, return_exceptions=True)
        if self._timer is not None:
            self._timer.cancel()
        if self._debts:
            with suppress(Exception):
                await self._debts.pay()
        if self._debts.purges:
            count = len(self._debts.purges)
            what = "1 purge of the edge store was" if count == 1 else f"{count} purges of the edge store were"
            log.error("%s never carried out: what is concerned may still be there", what)
        await self._try(self._store.close(), None)

    async def _try(self, work: Awaitable[T], otherwise: T) -> T:
        try:
            done = await work
        except Exception as fault:
            self._say(fault)
            return otherwise
        if self._failing:
            self._works()
        return done

    async def _purge(self, purge: Purged) -> list[str]:
        """Carry out a purge; raises PurgeError, and owes it, when the store does not."""
        try:
            return await carry_out(self._store, purge)
        except Exception as fault:
            self._say(fault)
            self._debts.owe_purge(purge)
            self._pay_later()
            raise PurgeError(f"the cache could not be purged: {fault}") from fault

    async def _make_good(self) -> bool:
        """Try the failed purges again, once in a while; whether none is left."""
        now = self._monotonic()
        if now < self._retry_at:
            return False
        self._retry_at = now + _RETRY_SECONDS
        try:
            await self._debts.pay()
        except Exception as fault:
            self._say(fault)
        return not self._debts.purges

    def _pay_later(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_PAY_SECONDS, self._begin_to_pay)

    def _begin_to_pay(self) -> None:
        self._paying = asyncio.get_running_loop().create_task(self._pay())

    async def _pay(self) -> None:
        """Tell the store what it missed; as long as it fails, again in a moment."""
        try:
            await self._debts.pay()
        except Exception as fault:
            self._say(fault)
        self._timer = None
        if self._debts:
            self._pay_later()

    def _say(self, fault: Exception) -> None:
        if self._counters is not None:
            self._counters.add(Count.STORE_ERRORS)
        self._failing = True
        now = self._monotonic()
        if self._said is None or now - self._said >= _QUIET_SECONDS:
            self._said, self._told = now, True
            reason = " ".join(str(fault).split()) or type(fault).__name__
            log.error("the edge store fails, pages are rendered for every visitor: %s", reason)

    def _works(self) -> None:
        self._failing = False
        if self._told:
            self._told = False
            log.warning("the edge store works again")
