"""Sending a body piece by piece, for as long as somebody listens."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable

from isrgen.handlers.streams import BrokenOffError

log = logging.getLogger("isrgen")


async def send_stream(
    stream: AsyncIterator[bytes], send: Callable[[bytes], Awaitable[object]], gone: Awaitable[object]
) -> bool:
    """Send every chunk, until ``gone`` says that the client went away; False when the body broke off."""
    leaving = asyncio.ensure_future(gone)
    sending = asyncio.ensure_future(_send_all(stream, send))
    try:
        await asyncio.wait({leaving, sending}, return_when=asyncio.FIRST_COMPLETED)
        if sending.done():
            return sending.result()
        return True
    finally:
        for task in (leaving, sending):
            task.cancel()
        await asyncio.gather(leaving, sending, return_exceptions=True)
        await close(stream)


async def close(stream: object) -> None:
    """Let a stream's own ``finally`` run."""
    aclose = getattr(stream, "aclose", None)
    if aclose is not None:
        with contextlib.suppress(Exception):
            await aclose()


async def _send_all(stream: AsyncIterator[bytes], send: Callable[[bytes], Awaitable[object]]) -> bool:
    try:
        async for chunk in stream:
            if chunk:
                await send(chunk)
    except BrokenOffError:
        return False
    except Exception as error:
        log.warning("a streamed body was not finished: %s: %s", type(error).__name__, error)
        return False
    return True
