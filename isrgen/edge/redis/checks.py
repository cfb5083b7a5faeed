"""Which copies in memory are still current: one question to Redis for all who ask at a time.

An answer is given only to those who asked before the question left, so that it
is never older than they are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

MOST_KEYS: Final = 256
"""Keys in one question."""

Current = tuple[str, int]
"""The generation of an entry, "" where there is none, and its size in bytes."""
Ask = Callable[[Sequence[str]], Awaitable[Sequence[Current]]]


class Checks:
    """``ask`` puts one question for several keys; one is under way at a time."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._waiting: dict[str, asyncio.Future[Current]] = {}
        self._asking: asyncio.Task[None] | None = None

    async def current(self, key: str) -> Current:
        """What a question that leaves after this call is told of a key."""
        future = self._waiting.get(key)
        if future is None:
            future = self._waiting[key] = asyncio.get_running_loop().create_future()
            # Those who wait may all have gone away.
            future.add_done_callback(lambda done: done.cancelled() or done.exception())
        if self._asking is None:
            self._asking = asyncio.get_running_loop().create_task(self._ask_on())
        return await asyncio.shield(future)

    async def close(self) -> None:
        if self._asking is not None:
            await asyncio.gather(self._asking, return_exceptions=True)

    async def _ask_on(self) -> None:
        """Ask until nobody waits any more."""
        try:
            while self._waiting:
                keys = list(self._waiting)[:MOST_KEYS]
                await self._settle({key: self._waiting.pop(key) for key in keys})
        finally:
            self._asking = None

    async def _settle(self, asked: dict[str, asyncio.Future[Current]]) -> None:
        try:
            answers = await self._ask(list(asked))
        except Exception as fault:
            for future in asked.values():
                future.set_exception(fault)
        except asyncio.CancelledError:
            for future in asked.values():
                future.cancel()
            raise
        else:
            for future, answer in zip(asked.values(), answers, strict=True):
                future.set_result(answer)
