"""``--store``: tried before anything else is done, so that a wrong one is told at once."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Final

from isrgen.cli.options import blamed_on
from isrgen.edge.open import open_store

ON_DISK: Final = "disk:.isrgen/edge"
"""A site's own store, where several workers keep pages together."""


def tried(url: str, root: Path, *, shared: bool) -> str:
    """The URL, if there is a store for it that can be opened."""
    with blamed_on("ISRGEN_STORE" if os.environ.get("ISRGEN_STORE") == url else "--store"):
        asyncio.run(open_store(url, root=root, shared=shared).close())
    return url
