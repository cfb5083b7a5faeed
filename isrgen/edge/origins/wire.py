"""One connection to an origin, as bytes: bounded in both directions, and nothing that came is overlooked.

A connection is ``quiet`` when it is open and nobody has said anything. One
that is not is never used for another request: bytes that follow a response
unasked would be taken for the next one (a poisoned cache, with a hostile
origin or one that sends a body after HEAD).
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Final, cast

_MOST_HELD: Final = 64 * 1024
"""Bytes that may wait to be read before the origin is made to wait; and that are read at a time."""


class Wire(asyncio.BufferedProtocol):
    """The transport of one connection; ``connect`` makes them."""

    def __init__(self) -> None:
        self._space = bytearray(_MOST_HELD)
        self._held = bytearray()
        self._ended = False
        self._fault: Exception | None = None
        self._paused = False
        self._news = asyncio.Event()
        self._may_write = asyncio.Event()
        self._may_write.set()
        self._transport: asyncio.Transport | None = None

    @property
    def quiet(self) -> bool:
        """Whether it is open, and holds nothing unread."""
        transport = self._transport
        return transport is not None and not (self._ended or self._held or transport.is_closing())

    async def read(self) -> bytes:
        """What has come, or what comes next; empty at the end. Raises OSError when it was broken off."""
        while not self._held:
            if self._fault is not None:
                raise ConnectionError(str(self._fault) or type(self._fault).__name__) from self._fault
            if self._ended:
                return b""
            self._news.clear()
            await self._news.wait()
        taken = bytes(self._held)
        self._held.clear()
        if self._paused and self._transport is not None and not self._transport.is_closing():
            self._paused = False
            self._transport.resume_reading()
        return taken

    async def write(self, data: bytes) -> None:
        """Send, as soon as the origin takes more. Raises OSError when it takes nothing any longer."""
        await self._may_write.wait()
        if self._transport is None or self._transport.is_closing():
            raise ConnectionError("the origin closed the connection")
        self._transport.write(data)

    def close(self) -> None:
        """Let go of it at once, whatever is under way, and of what came."""
        self._held.clear()
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def get_buffer(self, sizehint: int) -> bytearray:
        return self._space

    def buffer_updated(self, nbytes: int) -> None:
        self._held += memoryview(self._space)[:nbytes]
        if len(self._held) > _MOST_HELD and self._transport is not None and not self._paused:
            self._paused = True
            self._transport.pause_reading()
        self._news.set()

    def eof_received(self) -> None:
        self._ended = True
        self._news.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended, self._fault = True, exc
        self._may_write.set()
        self._news.set()

    def pause_writing(self) -> None:
        self._may_write.clear()

    def resume_writing(self) -> None:
        self._may_write.set()


async def connect(host: str, port: int, tls: ssl.SSLContext | None) -> Wire:
    """A new connection; raises OSError (``ssl.SSLError`` is one) when there is none to be had."""
    loop = asyncio.get_running_loop()
    _, wire = await loop.create_connection(
        Wire, host, port, ssl=tls, server_hostname=host if tls is not None else None
    )
    return wire
