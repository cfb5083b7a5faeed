"""Regeneration behind the visitor's back: bounded in number, each with a deadline."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import Context
from typing import Any, Final

from isrgen.caching.stored import HeaderPairs, Stored
from isrgen.edge.collapse import Flights
from isrgen.edge.counters import Count, Counters
from isrgen.edge.flight import FlightKey, Pilot, Plan
from isrgen.edge.landing import Landed, dispose
from isrgen.edge.store import Store
from isrgen.http.answer import Answer

log = logging.getLogger("isrgen")

MOST_WAITING: Final = 1000
"""Regenerations that may wait for their turn; others are left for the next visitor to ask for."""

ANOTHER_LOOK: Final = 0.1
"""Seconds for which a regeneration that another process has in hand is not asked for again."""

Render = Callable[[HeaderPairs], Awaitable[Answer]]


class Refresher:
    """The regenerations under way, at most one for each variant of a key."""

    def __init__(
        self, store: Store, pilot: Pilot, flights: Flights[FlightKey, Landed], most: int, counters: Counters
    ) -> None:
        self._store = store
        self._pilot = pilot
        self._flights = flights
        self._counters = counters
        self._slots = asyncio.Semaphore(most)
        self._tasks: dict[FlightKey, asyncio.Task[None]] = {}
        self._behind: set[asyncio.Task[None]] = set()

    @property
    def is_full(self) -> bool:
        """Whether as many regenerations wait as may."""
        return len(self._tasks) >= MOST_WAITING

    def has(self, key: str, stored: Stored) -> bool:
        """Whether the regeneration of this variant that a visitor asked for is not over."""
        return (key, stored.selecting, 0) in self._tasks

    def behind(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something that asks for regenerations after whoever wants them has gone on."""
        task = asyncio.get_running_loop().create_task(work)
        self._behind.add(task)
        task.add_done_callback(self._behind.discard)
        task.add_done_callback(lambda done: _tell("what was purged", done))

    def soon(self, key: str, stored: Stored, render: Render, epoch: int = 0) -> None:
        """Begin to regenerate one variant, unless that is under way or too many are waiting.

        ``epoch`` is the number of the purge that asks for it: what began before does not count.
        """
        job = (key, stored.selecting, epoch)
        if job in self._tasks or self.is_full:
            return
        # In an empty context: whoever asked first may have left word of a visitor in context variables.
        task = asyncio.get_running_loop().create_task(self._refresh(key, stored, render), context=Context())
        self._tasks[job] = task
        task.add_done_callback(lambda _: self._tasks.pop(job, None))
        task.add_done_callback(lambda done: _tell(key, done))

    async def _refresh(self, key: str, stored: Stored, render: Render) -> None:
        async with self._slots:
            landed = await self._fly(key, stored, render)
        if landed.answer is None and landed.stored is None:
            # Another process has the lease; until it is done each visit would ask the store for it.
            await asyncio.sleep(ANOTHER_LOOK)

    async def _fly(self, key: str, stored: Stored, render: Render) -> Landed:
        flight = (key, stored.selecting, await self._store.epoch())
        values = dict(stored.selecting)
        clean = tuple((name, value) for name, value in stored.selecting if value)
        plan = Plan(
            flight,
            selecting=lambda names: tuple((name, values.get(name, "")) for name in sorted(names)),
            render=lambda: render(clean),
            previous=stored,
            patient=False,
        )
        landed, began = await self._flights.join(flight, lambda: self._pilot.fly(plan))
        if began:
            self._counters.cells[Count.REFRESHES] += landed.answer is not None
            await dispose(landed.answer)
        return landed

    async def close(self) -> None:
        while tasks := (*self._behind, *self._tasks.values()):
            await asyncio.gather(*tasks, return_exceptions=True)

    def cancel(self) -> None:
        for task in (*self._behind, *self._tasks.values()):
            task.cancel()


def _tell(what: str, task: asyncio.Task[None]) -> None:
    """Nobody waits for what is done behind the visitors' backs, so nobody else would hear of it."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("refreshing %s failed: %s", what, error, exc_info=error)
