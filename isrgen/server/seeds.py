"""Pages that the build rendered ahead, put into the edge when the server starts."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from isrgen.caching.policy import Lifetime
from isrgen.caching.storing import bounded
from isrgen.edge.driver import Edge
from isrgen.http.answer import Answer, Shared
from isrgen.http.headers import Headers
from isrgen.manifest import Seed

log = logging.getLogger("isrgen")


async def plant(seed: Seed, root: Path, edge: Edge, now: float) -> None:
    """Put one in, unless its time is over by now; its file is below ``root``."""
    lifetime = bounded(seed.lifetime, now, seed.until)
    if lifetime == Lifetime(0):
        return
    try:
        body = await asyncio.to_thread((root / seed.file).read_bytes)
    except OSError as error:
        log.error("the page rendered ahead for %s cannot be read: %s", seed.path, error)
        return
    shared = Shared(lifetime, tags=seed.tags)
    await edge.seed(seed.path, Answer(seed.status, Headers(seed.headers), body, shared=shared))
