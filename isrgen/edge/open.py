"""A store by its URL: ``memory:``, ``disk:PATH``. Each is one module of ``stores``, named like its scheme."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

from isrgen.edge import stores
from isrgen.edge.store import Store
from isrgen.errors import IsrgenError


def schemes() -> list[str]:
    """The schemes there are a store for."""
    return sorted(module.name for module in pkgutil.iter_modules(stores.__path__))


def open_store(url: str, *, root: Path, shared: bool) -> Store:
    """The store a URL names; a relative path is below ``root``.

    ``shared``: several processes will open it. Raises IsrgenError for a URL
    that names no store, or one that cannot be shared when it has to be.
    """
    scheme, colon, rest = url.partition(":")
    known = schemes()
    if not colon or scheme not in known:
        choices = ", ".join(f"{name}:PATH" if name == "disk" else f"{name}:" for name in known)
        raise IsrgenError(f"There is no store for {url!r}.", f"Choose one of: {choices}.")
    module = importlib.import_module(f"isrgen.edge.stores.{scheme}")
    opened: Store = module.open_url(rest, root=root, shared=shared)
    return opened
