"""One render, from the lease that makes it the only one to what the store keeps of it."""

from __future__ import annotations

import asyncio
import itertools
import logging
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from isrgen.caching.decide import Origin, usable_on_error
from isrgen.caching.freshness import Freshness, freshness, is_from_the_future, lies_ahead
from isrgen.caching.keys import select
from isrgen.caching.policy import Lifetime
from isrgen.caching.settle import LONGEST_BACKOFF, PRIVATE_SECONDS, Effect, Result, backoff, settle
from isrgen.caching.stored import HeaderPairs, Stored
from isrgen.caching.storing import degraded_lifetime
from isrgen.caching.urls import told
from isrgen.edge.counters import Count, Counters
from isrgen.edge.landing import (
    Kept,
    Landed,
    Wording,
    failure,
    has_failed,
    is_for_one,
    is_private,
    is_refused,
    is_unreachable,
    result_of,
)
from isrgen.edge.recent import Recent
from isrgen.edge.store import Lease, Store
from isrgen.http.answer import Answer, Outcome, Shared

log = logging.getLogger("isrgen")
_FIRST_PAUSE: Final = 0.01
_LONGEST_PAUSE: Final = 0.1

Selecting = Callable[[tuple[str, ...]], HeaderPairs]
FlightKey = tuple[str, HeaderPairs, int]
"""The key, what selects the variant as far as is known, and the purges so far: who
comes after a purge does not join a flight that began before it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A render to be made: ``previous`` is what it would replace, if known.

    ``patient``: a visitor waits for the result, whoever makes it; without,
    nothing is done when another process is at it already. ``solo``: it is made
    with one visitor's credentials, and tells nothing of what others get.
    """

    flight: FlightKey
    selecting: Selecting
    render: Callable[[], Awaitable[Answer]]
    previous: Stored | None
    patient: bool = True
    solo: bool = False

    @property
    def key(self) -> str:
        return self.flight[0]


@dataclass(frozen=True, slots=True)
class _Failure:
    """So many failed refreshes in a row; the origin is left alone ``until`` then."""

    times: int
    until: float
    unreachable: bool = False


class Pilot:
    """Flies plans, and remembers for a while what came of them."""

    def __init__(
        self,
        store: Store,
        clock: Callable[[], float],
        wording: Wording,
        build: str,
        deadline: float,
        counters: Counters,
    ) -> None:
        self.build = build
        self._counters = counters
        self._store = store
        self._clock = clock
        self._wording = wording
        self._deadline = deadline
        self._failures: Recent[str, _Failure] = Recent()
        self._private: Recent[str, float] = Recent()
        self._varies: Recent[str, tuple[str, ...]] = Recent()
        self._name = uuid.uuid4().hex
        self._numbers = itertools.count()

    def origin(self, key: str, now: float) -> Origin:
        """How the origin may be asked for this key: what came of it a moment ago."""
        failed = self._failures.get(key)
        if failed is None or not lies_ahead(failed.until, now, LONGEST_BACKOFF):
            return Origin.READY
        return Origin.UNREACHABLE if failed.unreachable else Origin.BACKING_OFF

    def is_private(self, key: str, now: float) -> bool:
        """Whether this key turned out private a moment ago, so that waiting is in vain."""
        return lies_ahead(self._private.get(key) or 0.0, now, PRIVATE_SECONDS)

    def varies(self, key: str) -> tuple[str, ...]:
        """The fields this key was last seen to vary on."""
        return self._varies.get(key) or ()

    def forget(self, key: str) -> None:
        """After a purge everything may be different."""
        self._failures.forget(key)
        self._private.forget(key)

    async def fly(self, plan: Plan) -> Landed:
        """Render under the lease, or take over what another process made."""
        name = repr(plan.flight)
        owner = f"{self._name}:{next(self._numbers)}"
        lease = await self._lease(plan, name, owner)
        if isinstance(lease, Stored):
            return Landed(None, lease, found=True)
        if lease is Lease.TAKEN:
            return Landed(None)
        private_until = 0.0
        try:
            # Whoever had the lease before may have stored it since this one looked.
            if (ready := await self._ready(plan)) is not None:
                return Landed(None, ready, found=True)
            landed = await self.fly_alone(plan)
            if landed.answer is not None and is_for_one(landed.answer, self._wording):
                private_until = self._clock() + PRIVATE_SECONDS
            return landed
        finally:
            await self._store.release(name, owner, private_until)

    async def fly_alone(self, plan: Plan) -> Landed:
        """Render without regard to others, and settle what the store keeps."""
        begun = self._clock()
        return await self._land(plan, await self.ask(plan.key, plan.render), begun)

    async def ask(self, key: str, render: Callable[[], Awaitable[Answer]]) -> Answer:
        """One render, counted and within its deadline; whatever it raises is an answer."""
        cells, time = self._counters.cells, asyncio.get_running_loop().time
        began = time()
        try:
            async with asyncio.timeout(self._deadline):
                answer = await render()
        except TimeoutError:
            answer = failure(504, "The page took too long.", Outcome.TIMEOUT)
        except Exception:
            log.exception("rendering %s failed", told(key))
            answer = failure(500, "The page could not be made.")
        cells[Count.RENDERS] += 1
        cells[Count.RENDER_MICROSECONDS] += int((time() - began) * 1e6)
        cells[Count.RENDER_ERRORS] += has_failed(answer)
        return answer

    async def _land(self, plan: Plan, answer: Answer, begun: float) -> Landed:
        now = self._clock()
        result = result_of(answer)
        self._remember(plan, result, answer, now)
        match settle(result, usable_on_error(plan.previous, now)):
            case Effect.REPLACE if answer.shared is not None:
                return await self._replace(plan, answer, answer.shared, answer.shared.lifetime, begun)
            case Effect.REPLACE_BRIEFLY if answer.shared is not None and not is_private(answer):
                brief = degraded_lifetime(answer.shared.lifetime)
                return await self._replace(plan, answer, answer.shared, brief, begun)
            case Effect.REMOVE if plan.previous is not None and not plan.solo:
                await self._store.delete(plan.key, plan.previous.selecting)
        return Landed(answer)

    async def _replace(
        self, plan: Plan, answer: Answer, shared: Shared, lifetime: Lifetime, begun: float
    ) -> Landed:
        names = tuple(sorted(shared.vary))
        self._varies.set(plan.key, names)
        stored = self.stored(plan.key, answer, shared, plan.selecting(names), lifetime, begun)
        self._counters.cells[Count.RENEWED] += _is_same(stored, plan.previous)
        if await self._put(plan, stored):
            return Landed(answer, stored, kept=True)
        # Another worker has sent a newer copy; an older one must not follow it.
        newer = select(await self._store.get(plan.key), plan.selecting)
        if newer is not None and newer.build != self.build:
            # A newer build shares this store; its pages are not ours to refresh.
            self._failures.set(plan.key, _Failure(0, self._clock() + LONGEST_BACKOFF))
        if newer is not None and newer.generated_at > begun and not newer.invalidated:
            return Landed(None, newer, found=True)
        return Landed(answer, stored)

    async def _put(self, plan: Plan, stored: Stored) -> bool:
        """Whether it is kept; where that fails, what is there from the future goes first."""
        if await self._store.put(plan.key, stored, plan.flight[2]):
            return True
        now, there = self._clock(), await self._store.get(plan.key)
        odd = [old.selecting for old in there if is_from_the_future(old, now)]
        for selecting in odd:
            await self._store.delete(plan.key, selecting)
        return bool(odd) and await self._store.put(plan.key, stored, plan.flight[2])

    def stored(
        self,
        key: str,
        answer: Answer,
        shared: Shared,
        selecting: HeaderPairs,
        lifetime: Lifetime,
        begun: float,
    ) -> Stored:
        """What the store would keep of an answer."""
        return self._wording.stored(answer, shared, Kept(key, selecting, lifetime, begun, self.build))

    def _remember(self, plan: Plan, result: Result, answer: Answer, now: float) -> None:
        if plan.solo or is_refused(answer):
            return
        if result not in (Result.FAILED, Result.DEGRADED):
            self._failures.forget(plan.key)
        elif plan.previous is not None:
            # A variant that is not there and cannot be made is no reason to leave the others as they are.
            self._back_off(plan, answer, now)
        if is_for_one(answer, self._wording):
            self._private.set(plan.key, now + PRIVATE_SECONDS)
        else:
            self._private.forget(plan.key)

    def _back_off(self, plan: Plan, answer: Answer, now: float) -> None:
        failed = self._failures.get(plan.key)
        times = (failed.times if failed is not None else 0) + 1
        seconds = backoff(times)
        self._failures.set(plan.key, _Failure(times, now + seconds, is_unreachable(answer)))
        # Who rendered has logged the cause; that a page is now older than it should be is ours to say.
        self._counters.cells[Count.REFRESHES_FAILED] += 1
        log.warning(
            "refreshing %s failed (%s); next try in %.0f s at the earliest",
            told(plan.key),
            answer.degraded or answer.status,
            seconds,
        )

    async def _lease(self, plan: Plan, name: str, owner: str) -> Lease | Stored:
        """The lease, or what another process stored meanwhile."""
        give_up = asyncio.get_running_loop().time() + self._deadline
        pause = _FIRST_PAUSE
        while True:
            lease = await self._store.acquire(name, owner, self._clock(), self._deadline)
            if lease is not Lease.TAKEN or not plan.patient:
                return lease
            if asyncio.get_running_loop().time() >= give_up:
                return Lease.PRIVATE
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)
            if (ready := await self._ready(plan)) is not None:
                return ready

    async def _ready(self, plan: Plan) -> Stored | None:
        """A response that another process made while this one waited."""
        stored = select(await self._store.get(plan.key), plan.selecting)
        if stored is None or stored.build != self.build:
            return None
        return stored if freshness(stored, self._clock()) is Freshness.FRESH else None


def _is_same(stored: Stored, previous: Stored | None) -> bool:
    """Whether a render gave what is stored already."""
    return previous is not None and (stored.status, stored.etag) == (previous.status, previous.etag)
