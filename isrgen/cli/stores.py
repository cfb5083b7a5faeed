"""``--store``: tried before anything else is done, so that a wrong one is told at once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from isrgen.edge.open import open_store
from isrgen.errors import IsrgenError


def tried(url: str, root: Path, *, shared: bool) -> str:
    """The URL, if there is a store for it that can be opened."""
    try:
        asyncio.run(open_store(url, root=root, shared=shared).close())
    except IsrgenError as error:
        raise click.BadParameter(str(error), param_hint="'--store'") from error
    return url
