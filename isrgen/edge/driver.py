"""The edge: carries out what ``caching.decide`` and ``caching.settle`` say.

A hit, stale or not, costs one look into the store. Who misses waits for the
one flight of the key; a flight belongs to no visitor and ends on its own.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Final

from isrgen.caching.decide import Action, Decision, decide, usable_on_error
from isrgen.caching.settle import Result
from isrgen.caching.status import Fwd
from isrgen.caching.stored import HeaderPairs, Stored
from isrgen.edge.collapse import Flights
from isrgen.edge.exchange import Exchange, Regenerate, Served
from isrgen.edge.failsafe import Failsafe
from isrgen.edge.flight import FlightKey, Pilot, Plan
from isrgen.edge.landing import (
    Landed,
    may_tell_everyone,
    result_of,
    served_from_flight,
    served_from_store,
    served_on_error,
    served_private,
    unpurged,
)
from isrgen.edge.purge import invalidate
from isrgen.edge.refresh import Refresher
from isrgen.edge.store import PurgeError, Store
from isrgen.http.answer import Answer
from isrgen.http.context import Purge
from isrgen.http.headers import Headers

_ROUNDS: Final = 4
"""How often a visitor looks again after waiting for a flight that was of no use."""


class Edge:
    """A cache in front of renders.

    ``deadline`` seconds bound every flight. ``regenerate`` renders a key that
    no visitor is asking for, after a soft purge. ``counts`` says how often
    each thing happened.
    """

    def __init__(
        self,
        store: Store,
        *,
        clock: Callable[[], float],
        behind: str | None = None,
        build: str = "",
        deadline: float = 15.0,
        max_regenerations: int = 4,
        regenerate: Regenerate | None = None,
    ) -> None:
        self.store = Failsafe(store)
        self.counts: Counter[str] = Counter()
        self._clock = clock
        # What is written into a stored response depends on who is in front.
        self._build = f"{build}@{behind}" if behind else build
        self._deadline = deadline
        self._regenerate = regenerate
        self._flights: Flights[FlightKey, Landed] = Flights()
        self._pilot = Pilot(self.store, clock, behind, self._build, deadline, self.counts)
        self._refresher = Refresher(self.store, self._pilot, self._flights, max_regenerations)

    async def start(self) -> None:
        """Tell the store that this build is the newest; call it once, before ``serve``."""
        await self.store.announce(self._build)

    async def serve(self, exchange: Exchange) -> Served:
        """Answer one request."""
        bypass = exchange.bypass or ("" if exchange.key else "key-too-long")
        if not bypass:
            for _ in range(_ROUNDS):
                served = await self._try(exchange)
                if served is not None:
                    return served
        self.counts["bypass" if bypass else "miss"] += 1
        decision = Decision(Action.FORWARD, Fwd.MISS)
        if bypass:
            decision = decide((), exchange.selecting, self._clock(), bypass=bypass)
        return served_private(await self._render(exchange), decision)

    async def seed(self, key: str, answer: Answer) -> None:
        """Put in a page that was rendered ahead: stale, and never over one that is there."""
        if answer.shared is not None:
            lifetime, now = answer.shared.lifetime, self._clock()
            stored = self._pilot.stored(key, answer, answer.shared, (), lifetime, now)
            await self.store.put(key, replace(stored, invalidated=True), await self.store.epoch())

    async def purge(self, purges: Sequence[Purge]) -> None:
        """Carry purges out on every worker, then start to regenerate what was purged softly.

        Raises PurgeError when the store could not; the others are carried out all the same.
        """
        keys = await invalidate(self.store, purges)
        for key in keys:
            self._pilot.forget(key)
        if keys and self._regenerate is not None:
            self._refresher.behind(self._regenerate_all(keys, await self.store.epoch()))

    async def close(self) -> None:
        """Finish what is under way, within the deadline, and close the store."""
        try:
            async with asyncio.timeout(self._deadline):
                await self._refresher.close()
                await self._flights.close()
        except TimeoutError:
            self._refresher.cancel()
            self._flights.cancel()
        await self.store.close()

    def is_ours(self, stored: Stored) -> bool:
        """Whether this build made it: what another one made is stale, whatever its age."""
        return stored.build == self._build

    def is_refreshing(self, key: str, stored: Stored) -> bool:
        """Whether the regeneration that a visitor began is under way or waits for its turn."""
        return self._refresher.has(key, stored)

    async def _try(self, exchange: Exchange) -> Served | None:
        """One look at the store, and what follows from it; None: look again."""
        key, now = exchange.key, self._clock()
        variants = await self._variants(key)
        decision = decide(variants, exchange.selecting, now, backing_off=self._pilot.is_backing_off(key, now))
        stored = decision.stored
        if stored is not None and decision.action in (Action.SEND, Action.SEND_AND_REVALIDATE):
            if decision.action is Action.SEND_AND_REVALIDATE:
                self._refresher.soon(key, stored, exchange.clean)
            self.counts["stale" if decision.detail else "hit"] += 1
            return served_from_store(stored, now, decision.detail)
        self.counts["miss"] += 1
        names = self._pilot.varies(key) or tuple(name for v in variants[:1] for name, _ in v.selecting)
        flight = (key, exchange.selecting(names), await self.store.epoch())
        plan = Plan(flight, exchange.selecting, lambda: self._render(exchange), stored)
        if self._pilot.is_private(key, now):
            return self._hand_out(exchange, decision, await self._pilot.fly_alone(plan), began=True)
        landed, began = await self._flights.join(flight, lambda: self._pilot.fly(plan))
        return self._hand_out(exchange, decision, landed, began)

    def _hand_out(self, exchange: Exchange, decision: Decision, landed: Landed, began: bool) -> Served | None:
        """What a visitor gets of a flight; None: nothing, look again."""
        if landed.stored is not None:
            if not began and not _selects(exchange, landed.stored):
                return None
            if landed.found:
                return served_from_store(landed.stored, self._clock(), "collapsed")
            return served_from_flight(landed, landed.stored, decision, collapsed=not began)
        answer, now = landed.answer, self._clock()
        if answer is None:
            return None
        failed = result_of(answer) in (Result.FAILED, Result.DEGRADED)
        if failed and decision.stored is not None and usable_on_error(decision.stored, now):
            self.counts["stale-if-error"] += 1
            return served_on_error(decision.stored, now, decision, answer)
        if began or may_tell_everyone(answer):
            return served_private(answer, decision, collapsed=not began)
        return None

    async def _render(self, exchange: Exchange) -> Answer:
        """The visitor's own render; what it purges is purged before anything is sent."""
        answer = await exchange.visitor()
        if answer.purges:
            try:
                await self.purge(answer.purges)
            except PurgeError:
                return await unpurged(answer)
        return answer

    async def _variants(self, key: str) -> Sequence[Stored]:
        """What is stored; what another build made is stale, like after a soft purge."""
        variants = await self.store.get(key)
        if all(stored.build == self._build for stored in variants):
            return variants
        return [v if v.build == self._build else replace(v, invalidated=True) for v in variants]

    async def _regenerate_all(self, keys: Sequence[str], epoch: int) -> None:
        """Start to regenerate every invalidated variant of these keys, until too many wait for it."""
        for key in keys:
            if self._refresher.is_full:
                return
            for stored in await self.store.get(key):
                if stored.invalidated:
                    self._refresher.soon(key, stored, self._clean_render(key), epoch)

    def _clean_render(self, key: str) -> Callable[[HeaderPairs], Awaitable[Answer]]:
        async def render(headers: HeaderPairs) -> Answer:
            made = self._regenerate(key, headers) if self._regenerate is not None else None
            # No route has this key any more: a private answer removes what is stored.
            return Answer(404, Headers()) if made is None else await made

        return render


def _selects(exchange: Exchange, stored: Stored) -> bool:
    return exchange.selecting(tuple(name for name, _ in stored.selecting)) == stored.selecting
