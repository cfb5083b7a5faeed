"""The body of a visitor's request, passed on piece by piece, and the news that the visitor has gone.

ASGI tells both through one ``receive``, so one object asks it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

from isrgen.server.message import GoneError, SlowBodyError

LEAST_RATE: Final = 500
"""Bytes a second. Who sends less holds a connection to the origin for nothing but that."""


class RequestBody:
    """Iterate over it once. Raises GoneError and SlowBodyError.

    ``pause`` is how many seconds may be spent waiting for it, and one more for
    each ``LEAST_RATE`` bytes that came. Time in which nobody asks for more is
    the origin's, not the visitor's.
    """

    def __init__(self, receive: Any, pause: float, *, has_body: bool) -> None:
        self._receive = receive
        self._left = pause
        self._read = asyncio.Event()
        if not has_body:
            self._read.set()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._read.is_set():
            raise StopAsyncIteration
        message = await self._next()
        if message["type"] == "http.disconnect":
            raise GoneError
        if not message.get("more_body", False):
            self._read.set()
        piece = bytes(message.get("body", b""))
        self._left += len(piece) / LEAST_RATE
        return piece

    async def read(self, most: int, error: type[Exception]) -> bytes:
        """The whole body, if it is not larger than ``most`` bytes."""
        taken = bytearray()
        async for piece in self:
            taken += piece
            if len(taken) > most:
                raise error
        return bytes(taken)

    async def gone(self) -> None:
        """Return when the visitor has gone; not before the body was read, for that comes first."""
        await self._read.wait()
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _next(self) -> Any:
        """Asked in a task of its own: what a server's protocol waits for may not be cancelled in place."""
        clock = asyncio.get_running_loop().time
        asking, began = asyncio.ensure_future(_asked(self._receive)), clock()
        try:
            done, _ = await asyncio.wait([asking], timeout=self._left)
        finally:
            asking.cancel()
            self._left -= clock() - began
        if not done:
            raise SlowBodyError
        return asking.result()


async def _asked(receive: Any) -> Any:
    return await receive()
