"""A store by its URL: ``memory:``, ``disk:PATH``, ``redis://HOST``. Each is one module of ``stores``."""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path
from typing import Final

from isrgen.edge import stores
from isrgen.edge.store import Store
from isrgen.errors import IsrgenError

_MODULES: Final = {"rediss": "redis", "redis+unix": "redis"}
"""Schemes that are not named like their module."""
_SHAPES: Final = {"memory": "memory:", "disk": "disk:PATH", "redis": "redis://HOST:PORT/DB"}


def schemes() -> list[str]:
    """The schemes there are a store for."""
    return sorted(module.name for module in pkgutil.iter_modules(stores.__path__))


def open_store(url: str, *, root: Path, shared: bool) -> Store:
    """The store a URL names; a relative path is below ``root``.

    ``shared``: several processes will open it. Raises IsrgenError for a URL
    that names no store, or one that cannot be shared when it has to be.
    """
    scheme, colon, rest = url.partition(":")
    name = _MODULES.get(scheme, scheme)
    if not colon or name not in schemes():
        choices = ", ".join(_SHAPES.get(known, f"{known}:") for known in schemes())
        raise IsrgenError(f"There is no store for {without_password(url)!r}.", f"Choose one of: {choices}.")
    module = importlib.import_module(f"isrgen.edge.stores.{name}")
    opened: Store = module.open_url(scheme, rest, root=root, shared=shared)
    return opened


def without_password(url: str) -> str:
    """A store's URL as it may be shown.

    >>> without_password("redis://me:secret@host/0")
    'redis://***@host/0'
    """
    return re.sub(r"//.*@", "//***@", url)
