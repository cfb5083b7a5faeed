"""Regeneration behind the visitor's back: bounded in number, each with a deadline."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from functools import partial
from typing import Any, Final

from isrgen.caching.stored import HeaderPairs, Stored
from isrgen.caching.urls import told
from isrgen.edge.collapse import Flights
from isrgen.edge.counters import Count, Counters
from isrgen.edge.exchange import Regenerate
from isrgen.edge.flight import FlightKey, Pilot, Plan
from isrgen.edge.landing import Landed, dispose
from isrgen.edge.store import Store
from isrgen.http.answer import Answer
from isrgen.http.headers import Headers

log = logging.getLogger("isrgen")

MOST_WAITING: Final = 1000
"""Regenerations that may wait for their turn; others are left for the next visitor to ask for."""

ANOTHER_LOOK: Final = 0.1
"""Seconds for which a regeneration that another process has in hand is not asked for again."""

Render = Callable[[HeaderPairs], Awaitable[Answer]]


class Refresher:
    """The regenerations under way, at most one for each variant of a key."""

    def __init__(
        self,
        store: Store,
        pilot: Pilot,
        flights: Flights[FlightKey, Landed],
        most: int,
        counters: Counters,
        regenerate: Regenerate | None,
    ) -> None:
        self._store = store
        self._pilot = pilot
        self._flights = flights
        self._counters = counters
        self._regenerate = regenerate
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

    def purged(self, keys: Sequence[str], epoch: int) -> None:
        """Begin to regenerate what a purge made stale, after whoever wanted that has gone on."""
        if self._regenerate is None:
            return
        task = asyncio.get_running_loop().create_task(self._all(keys, self._regenerate, epoch))
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
        task.add_done_callback(lambda done: _tell(told(key), done))

    async def _all(self, keys: Sequence[str], regenerate: Regenerate, epoch: int) -> None:
        """Every invalidated variant of these keys, until too many wait."""
        for key in keys:
            if self.is_full:
                return
            for stored in await self._store.get(key):
                if stored.invalidated:
                    self.soon(key, stored, partial(_made, regenerate, key), epoch)

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

    def cancel(self) -> list[asyncio.Future[Any]]:
        """Call everything off; what is then to be waited for."""
        under_way: list[asyncio.Future[Any]] = [*self._behind, *self._tasks.values()]
        for task in under_way:
            task.cancel()
        return under_way


async def _made(regenerate: Regenerate, key: str, headers: HeaderPairs) -> Answer:
    """What comes of a key; where no route has it any more, a private answer removes what is stored."""
    render = regenerate(key, headers)
    return Answer(404, Headers()) if render is None else await render


def _tell(what: str, task: asyncio.Task[None]) -> None:
    """Nobody waits for what is done behind the visitors' backs, so nobody else would hear of it."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("refreshing %s failed: %s", what, error, exc_info=error)
