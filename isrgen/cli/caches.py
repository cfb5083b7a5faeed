"""The cache that ``isrgen purge`` and ``isrgen cache`` act on: a store opened here, or a running server's.

What a server keeps in its own memory is reached only by asking it.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar
from urllib.parse import urlsplit

from isrgen.cli.remote import Remote
from isrgen.cli.stores import ON_DISK, tried
from isrgen.config import Config
from isrgen.edge import files
from isrgen.edge.files import Found
from isrgen.edge.open import open_store, without_password
from isrgen.edge.purge import invalidate
from isrgen.edge.store import PurgeError, Store
from isrgen.errors import IsrgenError
from isrgen.http.context import Purge
from isrgen.server.admin_cache import listing, removed, shown

T = TypeVar("T")

_FAULTS: Final = (OSError, sqlite3.Error, RuntimeError, ValueError, PurgeError)

_WAYS_OUT: Final = {
    "disk": "Is it there, and can it be written to?",
    "redis": "Does it run there, and are the address, the user and the password right? "
    "A line that is slow needs more time: ?timeout=2",
}

_MEMORY: Final = (
    "Name its server, as in --server http://127.0.0.1:8000, with the token in ISRGEN_TOKEN; "
    "or another store with --store."
)


class Cache(Protocol):
    """What can be asked of either. Dictionaries are as ``server.admin_cache`` makes them."""

    @property
    def name(self) -> str: ...

    def purge(self, purges: Sequence[Purge]) -> None: ...

    def listing(self, prefix: str, limit: int) -> dict[str, Any]: ...

    def shown(self, key: str) -> dict[str, Any] | None: ...

    def removed(self, key: str) -> int: ...

    def stats(self) -> dict[str, Any]:
        """``entries`` and ``bytes``, and from a server what it counted."""
        ...


@dataclass(frozen=True, slots=True)
class Opened:
    """A store by its URL; opened for each question."""

    url: str
    root: Path

    @property
    def name(self) -> str:
        return without_password(self.url)

    def purge(self, purges: Sequence[Purge]) -> None:
        self._with(lambda store: invalidate(store, purges))

    def listing(self, prefix: str, limit: int) -> dict[str, Any]:
        return self._with(lambda store: listing(store, prefix, limit, time.time()))

    def shown(self, key: str) -> dict[str, Any] | None:
        return self._with(lambda store: shown(store, key, time.time(), with_body=False))

    def removed(self, key: str) -> int:
        return self._with(lambda store: removed(store, key)) or 0

    def stats(self) -> dict[str, Any]:
        usage = self._with(lambda store: store.usage())
        return {"entries": usage.entries, "bytes": usage.bytes}

    def _with(self, work: Callable[[Store], Coroutine[Any, Any, T]]) -> T:
        async def run() -> T:
            store = open_store(self.url, root=self.root, shared=True)
            try:
                return await work(store)
            finally:
                await store.close()

        try:
            return asyncio.run(run())
        except _FAULTS as fault:
            way_out = _WAYS_OUT["redis" if self.url.startswith("redis") else "disk"]
            raise IsrgenError(f"The store {self.name} fails: {_said(fault)}.", way_out) from fault


def _said(fault: Exception) -> str:
    """What the system says, without its number."""
    return getattr(fault, "strerror", None) or str(fault)


def find(site: Path, store: str | None, server: str | None, token: str) -> Cache:
    """The cache that these options name, else the site's own on disk; raises IsrgenError for none."""
    if server:
        return Remote(server, token)
    url = store or ON_DISK
    scheme, _, place = url.partition(":")
    if scheme == "memory":
        raise IsrgenError("memory: is in the server's own process, out of reach from here.", _MEMORY)
    opened = Opened(tried(url, site, shared=True), site)
    if scheme == "disk":
        _expect_store(files.real(site / place), place, is_named=store is not None)
    return opened


def exists(site: Path) -> bool:
    """Whether the site keeps pages where several workers do by default."""
    try:
        return files.look(site / ON_DISK.partition(":")[2]) is Found.OURS
    except (IsrgenError, *_FAULTS):
        return False


def _expect_store(path: Path, place: str, *, is_named: bool) -> None:
    """Raise IsrgenError if no store is there: whoever opens one begins it."""
    try:
        found = files.look(path)
    except _FAULTS as fault:
        raise IsrgenError(f"The store at {place} fails: {_said(fault)}.", _WAYS_OUT["disk"]) from fault
    if found in (Found.EMPTY, Found.UNREADABLE):
        raise IsrgenError(f"The store at {place} is damaged.", "The next server that uses it begins it anew.")
    if found is Found.NOTHING and is_named:
        raise IsrgenError(
            f"There is no store at {place}.", "Name one with --store, or a server with --server."
        )
    if found is Found.NOTHING:
        raise IsrgenError(
            f"There is no store here: {place} is not there.",
            f"With one worker pages are kept in the server's memory. {_MEMORY}",
        )


def site_url(config: Config) -> str:
    """The URL of the site here; "" where there is none, and what a URL means is for the server to say."""
    return config.base_url if config.file or (config.root / "content").is_dir() else ""


def local(path: str, *base_urls: str) -> str:
    """A path as keys spell it, of what people write: with or without the first slash, or a URL of the site.

    A URL of another site stays one: the cache in front of any server has whole URLs for keys.

    >>> local("blog/tea", "https://example.org"), local("https://example.org/blog/?a=1", "https://EXAMPLE.org/")
    ('/blog/tea', '/blog/?a=1')
    """
    if "://" not in path:
        return f"/{path.lstrip('/')}"
    parts = urlsplit(path)
    if (parts.scheme, parts.netloc.lower()) not in [
        (b.scheme, b.netloc.lower()) for b in map(urlsplit, base_urls)
    ]:
        return path
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
