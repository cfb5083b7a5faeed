"""The edge: carries out what ``caching.decide`` and ``caching.settle`` say.

A hit, stale or not, costs one look into the store. Who misses waits for the
one flight of the key; a flight belongs to no visitor and ends on its own.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from isrgen.caching.decide import Action, Decision, decide, is_reusable, usable_on_error
from isrgen.caching.settle import Result
from isrgen.caching.status import Fwd
from isrgen.caching.stored import Stored
from isrgen.edge.collapse import Flights
from isrgen.edge.counters import Count, Counters
from isrgen.edge.exchange import Ask, Exchange, Regenerate, Served
from isrgen.edge.failsafe import Failsafe
from isrgen.edge.flight import FlightKey, Pilot, Plan
from isrgen.edge.landing import (
    Landed,
    Pages,
    Wording,
    dispose,
    failure,
    has_failed,
    is_private,
    is_unreachable,
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

log = logging.getLogger("isrgen")

_ROUNDS: Final = 4
"""How often a visitor looks again after waiting for a flight that was of no use."""

_LAST_WORDS: Final = 1.0
"""Seconds that renders which were called off may take to end, before the store is closed."""


class Edge:
    """A cache in front of renders.

    ``deadline`` seconds bound every flight. ``regenerate`` renders a key that
    no visitor is asking for, after a soft purge. ``wording`` puts responses
    into words; without one they are a site's pages, for who is ``behind``.
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
        wording: Wording | None = None,
        counters: Counters | None = None,
    ) -> None:
        self.counters = counters or Counters()
        self.store = Failsafe(store, counters=self.counters)
        self._clock = clock
        # What is written into a stored response depends on who is in front.
        self._build = f"{build}@{behind}" if behind else build
        self._deadline = deadline
        self._flights: Flights[FlightKey, Landed] = Flights()
        self._wording = wording or Pages(behind)
        self._pilot = Pilot(self.store, clock, self._wording, self._build, deadline, self.counters)
        self._refresher = Refresher(
            self.store, self._pilot, self._flights, max_regenerations, self.counters, regenerate
        )

    async def start(self) -> None:
        """Tell the store that this build is the newest; call it once, before ``serve``."""
        await self.store.announce(self._build)

    async def serve(self, exchange: Exchange) -> Served:
        """Answer one request."""
        bypass = exchange.bypass or ("" if exchange.key else "key-too-long")
        if not bypass:
            for left in reversed(range(_ROUNDS)):
                served = await self._try(exchange, is_last=not left)
                if served is not None:
                    return served
        self.counters.cells[Count.BYPASS if bypass else Count.MISS] += 1
        decision = Decision(Action.FORWARD, Fwd.MISS)
        if bypass:
            decision = decide((), exchange.selecting, self._clock(), bypass=bypass)
        answer = await self._pilot.ask(exchange.key, lambda: self._render(exchange))
        return served_private(answer, decision, self._wording)

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
        self.counters.cells[Count.PURGES] += len(purges)
        try:
            keys = await invalidate(self.store, purges)
        except PurgeError:
            # The store gave it no number that would tell flights before it from later ones.
            self._flights.part()
            raise
        for key in keys:
            self._pilot.forget(key)
        if keys:
            self._refresher.purged(keys, await self.store.epoch())

    async def invalidate(self, key: str) -> None:
        """Remove what a method that is not safe made invalid (RFC 9111 section 4.4).

        What the store cannot remove now it owes, and sends nothing meanwhile.
        """
        self.forget(key)
        try:
            await self.store.invalidate_key(key, hard=True)
        except PurgeError as error:
            self._flights.part()
            log.error("%s is out of date and cannot be removed: %s", key.partition("?")[0], error)

    async def close(self) -> None:
        """Finish what is under way, within the deadline, and close the store."""
        try:
            async with asyncio.timeout(self._deadline):
                await self._refresher.close()
                await self._flights.close()
        except TimeoutError:
            called_off = [*self._refresher.cancel(), *self._flights.cancel()]
            if called_off:
                await asyncio.wait(called_off, timeout=_LAST_WORDS)
        await self.store.close()

    def is_ours(self, stored: Stored) -> bool:
        """Whether this build made it: what another one made is stale, whatever its age."""
        return stored.build == self._build

    def is_refreshing(self, key: str, stored: Stored) -> bool:
        """Whether the regeneration that a visitor began is under way or waits for its turn."""
        return self._refresher.has(key, stored)

    async def variants(self, key: str) -> Sequence[Stored]:
        """What is stored; what another build made is stale, like after a soft purge."""
        variants = self.store.peek(key)
        if variants is None:
            variants = await self.store.get(key)
        if all(stored.build == self._build for stored in variants):
            return variants
        return [v if v.build == self._build else replace(v, invalidated=True) for v in variants]

    async def renew(self, key: str, previous: Stored, answer: Answer, begun: float, epoch: int) -> None:
        """Put a newer head over a stored response, or remove that if it may not be kept any longer."""
        shared = answer.shared
        if shared is None or answer.stream is not None or is_private(answer):
            await self.store.delete(key, previous.selecting)
            return
        renewed = self._pilot.stored(key, answer, shared, previous.selecting, shared.lifetime, begun)
        await self.store.put(key, renewed, epoch)

    def expects_private(self, key: str) -> bool:
        """Whether the answer to this key was one visitor's own a moment ago."""
        return self._pilot.is_private(key, self._clock())

    def forget(self, key: str) -> None:
        """What was learnt about a key may no longer be so."""
        self._pilot.forget(key)

    async def _try(self, exchange: Exchange, is_last: bool) -> Served | None:
        """One look at the store, and what follows from it; None: look again."""
        key, now, cells = exchange.key, self._clock(), self.counters.cells
        variants = await self.variants(key)
        origin = self._pilot.origin(key, now)
        decision = decide(variants, exchange.selecting, now, authorized=exchange.authorized, origin=origin)
        stored = decision.stored
        if stored is not None and decision.action in (Action.SEND, Action.SEND_AND_REVALIDATE):
            if decision.action is Action.SEND_AND_REVALIDATE:
                self._refresher.soon(key, stored, exchange.clean)
            cells[Count.STALE if decision.detail else Count.HIT] += 1
            return served_from_store(stored, now, decision.detail, self._wording)
        served = await self._miss(exchange, decision, variants, now, is_last)
        cells[Count.MISS] += served is not None
        return served

    async def _miss(
        self, exchange: Exchange, decision: Decision, variants: Sequence[Stored], now: float, is_last: bool
    ) -> Served | None:
        """Ask whoever renders, together with others who want the same; None: look again."""
        key, stored = exchange.key, decision.stored
        if exchange.ask is Ask.HEAD or (exchange.ask is Ask.PART and stored is None):
            answer = await self._pilot.ask(key, lambda: self._render(exchange))
            return await self._hand_out(exchange, decision, Landed(answer), began=True)
        names = self._pilot.varies(key) or tuple(name for v in variants[:1] for name, _ in v.selecting)
        flight = (key, exchange.selecting(names), await self.store.epoch())
        plan = Plan(
            flight,
            exchange.selecting,
            lambda: self._render(exchange),
            stored,
            solo=exchange.authorized,
        )
        if exchange.authorized or self._pilot.is_private(key, now):
            return await self._hand_out(exchange, decision, await self._pilot.fly_alone(plan), began=True)
        landed, began = await self._flights.join(flight, lambda: self._pilot.fly(plan), _abandon)
        served = await self._hand_out(exchange, decision, landed, began)
        if served is None and is_last and landed.answer is not None and has_failed(landed.answer):
            # Others' answers are theirs; but who saw one after the other fail adds no request of its own.
            own_words = failure(landed.answer.status, "The page could not be made. Try again later.")
            return served_private(own_words, decision, self._wording, collapsed=True)
        return served

    async def _hand_out(
        self, exchange: Exchange, decision: Decision, landed: Landed, began: bool
    ) -> Served | None:
        """What a visitor gets of a flight; None: nothing, look again."""
        now = self._clock()
        if landed.stored is not None:
            at_once = self._wording.is_shared_at_once and not landed.found
            if (landed.found or not began) and not _may_have(exchange, landed.stored, now, at_once):
                return None
            if landed.found:
                return served_from_store(landed.stored, now, "collapsed", self._wording)
            self.counters.cells[Count.COLLAPSED] += not began
            return served_from_flight(landed, landed.stored, decision, not began, self._wording)
        answer = landed.answer
        if answer is None:
            return None
        good, unreachable = decision.stored, is_unreachable(answer)
        failed = result_of(answer) in (Result.FAILED, Result.DEGRADED)
        if failed and good is not None and usable_on_error(good, now, unreachable=unreachable):
            self.counters.cells[Count.STALE_IF_ERROR] += 1
            if began:
                await dispose(answer)
            return served_on_error(good, now, decision, answer, self._wording)
        if began or may_tell_everyone(answer):
            return served_private(answer, decision, self._wording, collapsed=not began)
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


def _may_have(exchange: Exchange, stored: Stored, now: float, at_once: bool) -> bool:
    """Whether what was made for another request answers this one as well."""
    if exchange.authorized and not stored.for_authorized:
        return False
    selects = exchange.selecting(tuple(name for name, _ in stored.selecting)) == stored.selecting
    return selects and (at_once or is_reusable(stored, now))


async def _abandon(landed: Landed) -> None:
    """The visitor for whom it was is gone."""
    await dispose(landed.answer)
