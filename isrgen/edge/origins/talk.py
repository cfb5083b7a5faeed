"""One request and its response on one connection, in the grammar of HTTP/1.1 that h11 knows.

The request's body is sent while the response may already be coming. Nothing
is ever sent twice. What follows the response unasked makes the connection
unusable (``Wire.quiet``).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

import h11

from isrgen.edge.origin import OriginError, TruncatedError
from isrgen.edge.origins.wire import Wire

MOST_HEAD: Final = 64 * 1024
"""Bytes of a response's head, and of one line between chunks."""
_MOST_INTERIM: Final = 16


class Talk:
    """Ask once, then iterate over the body or ``aclose``; ``done`` is told whether the connection is usable.

    ``answer_within`` bounds the wait for the head once the request is sent,
    ``silence`` every pause after that, and how long the origin may refuse to
    take more of the request. ``idle_since`` is when the last piece was taken, if
    nobody has asked for the next one yet.
    """

    def __init__(
        self, wire: Wire, done: Callable[[bool], None], *, answer_within: float, silence: float
    ) -> None:
        self._wire = wire
        self._done: Callable[[bool], None] | None = done
        self._answer_within = answer_within
        self._silence = silence
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=MOST_HEAD)
        self._sending: asyncio.Task[None] | None = None
        self._spoilt = False
        self._given_up = False
        self.idle_since: float | None = None

    async def ask(self, request: h11.Request, body: AsyncIterator[bytes] | None) -> h11.Response:
        """Send the request; the head of the response. Raises OriginError, and what ``body`` raises."""
        # A body after HEAD, or one of the request's that the origin does not read, would be taken for what
        # comes next: for the answer to somebody else's request, or for that request (RFC 9112 section 11.2).
        self._spoilt = request.method == b"HEAD" or body is not None
        try:
            if body is None:
                return await self._timely(self._ask_without_body(request))
            return await self._ask_with_body(request, body)
        except (OSError, h11.RemoteProtocolError) as error:
            self._end(usable=False)
            raise OriginError(f"the origin gave no usable answer: {error}") from error
        except BaseException:
            self._end(usable=False)
            raise

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        self.idle_since = None
        if self._given_up:
            raise TruncatedError("the connection to the origin was needed for others", 504)
        if self._done is None:
            raise StopAsyncIteration
        try:
            async with asyncio.timeout(self._silence):
                event = await self._next()
        except TimeoutError as error:
            self._end(usable=False)
            raise TruncatedError("the origin fell silent in the middle of a body", 504) from error
        except (OSError, h11.RemoteProtocolError) as error:
            self._end(usable=False)
            raise TruncatedError(f"the body of the response was cut off: {error}") from error
        except BaseException:
            self._end(usable=False)
            raise
        if isinstance(event, h11.Data):
            self.idle_since = asyncio.get_running_loop().time()
            return bytes(event.data)
        self._end(usable=not self._spoilt)
        raise StopAsyncIteration

    async def aclose(self) -> None:
        self._end(usable=False)

    def give_up(self) -> None:
        """Let go of the connection; whoever reads on is told that the body is cut off."""
        self._given_up = True
        self._end(usable=False)

    async def _ask_without_body(self, request: h11.Request) -> h11.Response:
        await self._wire.write(
            (self._http.send(request) or b"") + (self._http.send(h11.EndOfMessage()) or b"")
        )
        return await self._head()

    async def _ask_with_body(self, request: h11.Request, body: AsyncIterator[bytes]) -> h11.Response:
        reading = asyncio.ensure_future(self._head())
        self._sending = asyncio.ensure_future(self._send(request, body))
        try:
            await asyncio.wait({reading, self._sending}, return_when=asyncio.FIRST_COMPLETED)
            if self._sending.done() and not reading.done():
                self._sending.result()
            return await self._timely(reading)
        finally:
            reading.cancel()

    async def _timely(self, work: Awaitable[h11.Response]) -> h11.Response:
        try:
            async with asyncio.timeout(self._answer_within):
                return await work
        except TimeoutError as error:
            raise OriginError("the origin did not answer in time", 504) from error

    async def _send(self, request: h11.Request, body: AsyncIterator[bytes]) -> None:
        """Send everything; an origin that takes no more of it may have answered already."""
        await self._push(request)
        async for chunk in body:
            if chunk and not await self._push(h11.Data(data=chunk)):
                return
        await self._push(h11.EndOfMessage())

    async def _push(self, event: h11.Event) -> bool:
        try:
            async with asyncio.timeout(self._silence):
                await self._wire.write(self._http.send(event) or b"")
        except TimeoutError as error:
            raise OriginError("the origin does not take the request", 504) from error
        except OSError:
            return False
        return True

    async def _head(self) -> h11.Response:
        for _ in range(_MOST_INTERIM):
            event = await self._next()
            if isinstance(event, h11.Response):
                return event
            if not isinstance(event, h11.InformationalResponse) or event.status_code == 101:
                break
        raise OriginError("the origin answered with what was not asked for")

    async def _next(self) -> type[h11.NEED_DATA | h11.PAUSED] | h11.Event:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            self._http.receive_data(await self._wire.read())
        return event

    def _end(self, *, usable: bool) -> None:
        if self._done is None:
            return
        if self._sending is not None and not self._sending.done():
            self._sending.cancel()
        elif self._sending is not None and not self._sending.cancelled():
            self._sending.exception()
        finished = self._http.our_state is h11.DONE and self._http.their_state is h11.DONE
        done, self._done = self._done, None
        done(usable and finished and not self._http.trailing_data[0])
