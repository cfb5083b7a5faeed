"""Bodies made piece by piece: pulled where the site's code runs, one chunk at a time."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Final

from isrgen.handlers.pool import END, Pool
from isrgen.http.bodies import MOST_HELD
from isrgen.http.context import RenderContext
from isrgen.http.response import Stream

MOST: Final = MOST_HELD
"""A body that asks to be shared is read whole up to this many bytes."""


class PooledStream(AsyncIterator[bytes]):
    """Chunks of a site's generator, for a server on another loop; each has ``deadline`` seconds to come.

    ``head`` holds chunks that were read before.
    """

    def __init__(self, source: Stream, pool: Pool, deadline: float, context: RenderContext) -> None:
        self._source = source
        self._pool = pool
        self._deadline = deadline
        self._context = context
        self._head: deque[bytes] = deque()
        self._ended = False

    async def __anext__(self) -> bytes:
        if self._head:
            return self._head.popleft()
        if self._ended:
            raise StopAsyncIteration
        try:
            chunk = await self._pool.next_chunk(self._source, self._deadline, self._context)
        except BaseException:
            self._ended = True
            raise
        if chunk is END:
            self._ended = True
            raise StopAsyncIteration
        if isinstance(chunk, str):
            return chunk.encode("utf-8", "replace")
        if isinstance(chunk, (bytes, bytearray, memoryview)):
            return bytes(chunk)
        await self.aclose()
        raise TypeError(f"a streamed body gave {type(chunk).__name__}; its chunks are str or bytes")

    async def read_whole(self, most: int = MOST) -> bytes | None:
        """The whole body; None when it is larger than ``most``, and then nothing of it is lost."""
        taken: deque[bytes] = deque()
        size = 0
        async for chunk in self:
            taken.append(chunk)
            size += len(chunk)
            if size > most:
                self._head = taken
                return None
        return b"".join(taken)

    async def aclose(self) -> None:
        """Close the generator, so that its ``finally`` runs; its last words are nobody's concern."""
        self._ended = True
        self._head.clear()
        with contextlib.suppress(Exception):
            await self._pool.end(self._source, self._deadline)


class BrokenOffError(Exception):
    """A body ended before its end; why has been logged."""


class WatchedStream(AsyncIterator[bytes]):
    """A stream on its way to a visitor: ``tell`` hears why it fails, whoever sends it only that it did."""

    def __init__(self, stream: PooledStream, tell: Callable[[Exception], None]) -> None:
        self._stream = stream
        self._tell = tell

    async def __anext__(self) -> bytes:
        try:
            return await anext(self._stream)
        except StopAsyncIteration:
            raise
        except Exception as error:
            self._tell(error)
        raise BrokenOffError

    async def aclose(self) -> None:
        await self._stream.aclose()
