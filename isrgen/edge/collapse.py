"""One flight per key: many who miss at once wait for one render.

What comes of the flight is for the driver to judge; here it is only known who
flies and who waits.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Flights(Generic[K, V]):
    """The renders under way, by key.

    A flight belongs to nobody: when the visitor who began it goes away, it
    goes on for the others, and for the store.
    """

    __slots__ = ("_endings", "_tasks")

    def __init__(self) -> None:
        self._tasks: dict[K, asyncio.Task[V]] = {}
        self._endings: set[asyncio.Future[Any]] = set()

    async def join(
        self,
        key: K,
        fly: Callable[[], Awaitable[V]],
        abandon: Callable[[V], Awaitable[None]] | None = None,
    ) -> tuple[V, bool]:
        """The result of the one flight for ``key``, and whether this caller began it.

        ``abandon`` is told of the result when the caller who began goes away
        before it is there: what belongs to that one alone has to be let go of.
        """
        task = self._tasks.get(key)
        if task is not None:
            return await asyncio.shield(task), False
        task = asyncio.ensure_future(_run(fly))
        self._tasks[key] = task
        task.add_done_callback(lambda done: self._land(key, done))
        try:
            return await asyncio.shield(task), True
        except asyncio.CancelledError:
            if abandon is not None and not task.cancelled():
                self._let_go(task, abandon)
            raise

    def _let_go(self, task: asyncio.Task[V], abandon: Callable[[V], Awaitable[None]]) -> None:
        async def after() -> None:
            with contextlib.suppress(Exception):
                await abandon(await task)

        ending = asyncio.ensure_future(after())
        self._endings.add(ending)
        ending.add_done_callback(self._endings.discard)

    def _land(self, key: K, done: asyncio.Task[V]) -> None:
        if self._tasks.get(key) is done:
            del self._tasks[key]
        if not done.cancelled():
            done.exception()

    def part(self) -> None:
        """Let nobody else join those under way: what they bring may be out of date. They end on their own."""
        for task in self._tasks.values():
            self._endings.add(task)
            task.add_done_callback(self._endings.discard)
        self._tasks.clear()

    async def close(self) -> None:
        """Wait for every flight; failures are those of whoever waits for them."""
        await asyncio.gather(*self._tasks.values(), *self._endings, return_exceptions=True)

    def cancel(self) -> list[asyncio.Future[Any]]:
        """Call everything off; what is then to be waited for."""
        under_way = [*self._tasks.values(), *self._endings]
        for task in under_way:
            task.cancel()
        return under_way

    def __len__(self) -> int:
        return len(self._tasks)


async def _run(fly: Callable[[], Awaitable[V]]) -> V:
    return await fly()
