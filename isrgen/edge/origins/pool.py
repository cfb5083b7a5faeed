"""The connections to one origin: how many there may be, and which of them can be used again."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Final

from isrgen.edge.faults import reason
from isrgen.edge.origin import OriginError
from isrgen.edge.origins.wire import Wire, connect

_LOOK_EVERY: Final = 0.25


class Pool:
    """At most ``most`` connections; one that is idle is closed after ``keep`` seconds.

    ``keep`` is shorter than any common server waits before it hangs up: a
    request is sent once, so one that meets a connection just being closed
    would be an error for a visitor.
    """

    def __init__(
        self,
        host: str,
        port: int,
        tls: ssl.SSLContext | None,
        *,
        most: int,
        keep: float,
        connect_within: float,
        wait_within: float,
    ) -> None:
        self._where = (host, port, tls)
        self._keep = keep
        self._connect_within = connect_within
        self._wait_within = wait_within
        self._slots = asyncio.Semaphore(most)
        self._idle: dict[Wire, asyncio.TimerHandle] = {}

    async def take(self, shed: Callable[[], None] = lambda: None) -> Wire:
        """A connection that is quiet: the one used last, or a new one. Give it back with ``release``.

        ``shed`` is called again and again while there is none: it may end what needs none.
        """
        shedding = asyncio.ensure_future(_again(shed)) if self._slots.locked() else None
        try:
            await self.waited(self._slots)
        finally:
            if shedding is not None:
                shedding.cancel()
        try:
            return self._kept() or await self._new()
        except BaseException:
            self._slots.release()
            raise

    async def waited(self, slots: asyncio.Semaphore) -> None:
        """Take one of these, or raise OriginError when there is none for too long."""
        try:
            async with asyncio.timeout(self._wait_within):
                await slots.acquire()
        except TimeoutError as error:
            raise OriginError("every connection to the origin is in use", 504) from error

    def release(self, wire: Wire, *, reusable: bool) -> None:
        self._slots.release()
        if reusable and wire.quiet:
            self._idle[wire] = asyncio.get_running_loop().call_later(self._keep, self._drop, wire)
        else:
            wire.close()

    def close(self) -> None:
        """Close what is idle; what is in use is closed by whoever uses it."""
        for wire in tuple(self._idle):
            self._drop(wire)

    def _kept(self) -> Wire | None:
        while self._idle:
            wire, timer = self._idle.popitem()
            timer.cancel()
            if wire.quiet:
                return wire
            wire.close()
        return None

    async def _new(self) -> Wire:
        try:
            async with asyncio.timeout(self._connect_within):
                return await connect(*self._where)
        except TimeoutError as error:
            raise OriginError("the origin does not accept connections in time", 504) from error
        except OSError as error:
            raise OriginError(f"the origin cannot be reached: {reason(error)}") from error

    def _drop(self, wire: Wire) -> None:
        timer = self._idle.pop(wire, None)
        if timer is not None:
            timer.cancel()
            wire.close()


async def _again(shed: Callable[[], None]) -> None:
    while True:
        shed()
        await asyncio.sleep(_LOOK_EVERY)
