"""The body of a request, begun before there is a connection for it.

A visitor may send it as slowly as they like, and every connection to the
origin can be held so. What is small is therefore awaited first; what is large,
or not there after a moment, takes one of the places that there are for such.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Final

AHEAD: Final = 16 * 1024
"""Bytes that are awaited before there is a connection; each visitor's are held in memory."""

MOMENT: Final = 1.0
"""Seconds for which they are."""


class Upload:
    """Iterate over it once, or ``close`` it. Raises what the body raises."""

    def __init__(self, body: AsyncIterator[bytes]) -> None:
        self._body = body
        self._held: deque[bytes] = deque()
        # To call it off would lose a piece, so it goes on until somebody wants the next one.
        self._reading: asyncio.Task[bytes | None] | None = None
        self.is_whole = False

    async def begin(self, most: int = AHEAD, seconds: float = MOMENT) -> None:
        """Read so much, or for so long; ``is_whole`` tells whether that was all of it."""
        clock = asyncio.get_running_loop().time
        until, size = clock() + seconds, 0
        while size < most and not self.is_whole:
            reading = self._read()
            done, _ = await asyncio.wait([reading], timeout=max(0.0, until - clock()))
            if not done:
                return
            if (piece := await self._taken(reading)) is not None:
                self._held.append(piece)
                size += len(piece)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._held:
            return self._held.popleft()
        piece = None if self.is_whole else await self._taken(self._read())
        if piece is None:
            raise StopAsyncIteration
        return piece

    def close(self) -> None:
        if self._reading is not None and not self._reading.cancel() and not self._reading.cancelled():
            # Nobody else will ask what went wrong.
            self._reading.exception()

    def _read(self) -> asyncio.Task[bytes | None]:
        if self._reading is None:
            self._reading = asyncio.ensure_future(self._next())
        return self._reading

    async def _taken(self, reading: asyncio.Task[bytes | None]) -> bytes | None:
        piece = await reading
        self._reading, self.is_whole = None, piece is None
        return piece

    async def _next(self) -> bytes | None:
        return await anext(self._body, None)
