"""The file in which the workers of one server count, for as long as it runs."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_IN_MEMORY: Final = Path("/dev/shm")  # noqa: S108
"""Where a page that is written to has its place; a full disk kills who writes to a mapped file on it."""


@contextmanager
def counts_file() -> Iterator[Path]:
    """The path to hand to every worker; the file is gone afterwards."""
    folder = _IN_MEMORY if os.access(_IN_MEMORY, os.W_OK | os.X_OK) else None
    with tempfile.TemporaryDirectory(prefix="isrgen-", dir=folder) as name:
        yield Path(name) / "counts"
