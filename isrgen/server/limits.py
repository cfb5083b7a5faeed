"""What of a request is read at all: sizes and delays that are errors, names that are dropped."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import unquote

from isrgen.http.bodies import MOST_HELD
from isrgen.server.message import Incoming, SlowBodyError

MOST_HEADERS: Final = 128
MOST_HEADER_BYTES: Final = 64 * 1024
MOST_PATH: Final = 8 * 1024
MOST_QUERY: Final = 16 * 1024
MOST_PARAMETERS: Final = 1000
MOST_BODY: Final = MOST_HELD

_INTERNAL_PARAMETER: Final = "__isr_"
_INTERNAL_HEADER: Final = "x-isrgen-"


def over_limit(incoming: Incoming) -> int | None:
    """The status for a request that is larger than the server reads, else None."""
    path = incoming.path if incoming.raw_path is None else incoming.raw_path
    if len(path) > MOST_PATH or len(incoming.query) > MOST_QUERY:
        return 414
    if incoming.query.count("&") >= MOST_PARAMETERS:
        return 414
    size = sum(len(name) + len(value) for name, value in incoming.headers)
    if len(incoming.headers) > MOST_HEADERS or size > MOST_HEADER_BYTES:
        return 431
    return None


def timely(read_body: Callable[[int], Awaitable[bytes]], seconds: float) -> Callable[[int], Awaitable[bytes]]:
    """A reader that raises SlowBodyError for a body that is not there after ``seconds``.

    It reads in a task of its own: what a server's own protocol waits for may
    not be cancelled in place.
    """

    async def read(most: int) -> bytes:
        reading = asyncio.ensure_future(read_body(most))
        try:
            done, _ = await asyncio.wait([reading], timeout=seconds)
        finally:
            reading.cancel()
        if not done:
            raise SlowBodyError
        return reading.result()

    return read


def drop_internal(incoming: Incoming) -> None:
    """Take out what only isrgen itself may say: ``X-Isrgen-*`` and ``__isr_*`` parameters."""
    if _INTERNAL_HEADER in incoming.names():
        incoming.headers = [pair for pair in incoming.headers if not pair[0].startswith(_INTERNAL_HEADER)]
    if "%" in incoming.query or _INTERNAL_PARAMETER in incoming.query.lower():
        kept = [part for part in incoming.query.split("&") if not _is_internal(part)]
        incoming.query = "&".join(kept)


def _is_internal(parameter: str) -> bool:
    return unquote(parameter.partition("=")[0]).lower().startswith(_INTERNAL_PARAMETER)
