"""The body of a visitor's request, passed on piece by piece, and the news that the visitor has gone.

ASGI tells both through one ``receive``, so one object asks it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from isrgen.server.message import GoneError, SlowBodyError


class RequestBody:
    """Iterate over it once; each piece has ``pause`` seconds to come. Raises GoneError, SlowBodyError."""

    def __init__(self, receive: Any, pause: float, *, has_body: bool) -> None:
        self._receive = receive
        self._pause = pause
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
        return bytes(message.get("body", b""))

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
        asking = asyncio.ensure_future(_asked(self._receive))
        try:
            done, _ = await asyncio.wait([asking], timeout=self._pause)
        finally:
            asking.cancel()
        if not done:
            raise SlowBodyError
        return asking.result()


async def _asked(receive: Any) -> Any:
    return await receive()
