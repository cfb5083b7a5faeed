"""What a store of responses owes.

A key holds up to ``MAX_VARIANTS`` stored responses side by side. ``epoch``
orders purges against renders: whoever renders reads it first and hands it to
``put``, so that a response rendered before a purge is never stored as fresh
after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from isrgen.caching.policy import Lifetime
from isrgen.caching.stored import HeaderPairs, Stored


class PurgeError(Exception):
    """A purge could not be carried out: what it concerns may still be there."""


class Lease(Enum):
    """The answer to a request for the one flight of a key."""

    MINE = "mine"
    TAKEN = "taken"
    PRIVATE = "private"


@dataclass(frozen=True, slots=True)
class Usage:
    """What a store holds now; ``bytes`` is as ``Stored.size`` counts."""

    entries: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Summary:
    """One stored response without its body, for listings."""

    key: str
    selecting: HeaderPairs
    status: int
    lifetime: Lifetime
    generated_at: float
    initial_age: int
    tags: tuple[str, ...]
    invalidated: bool
    build: str
    etag: str
    size: int
    if_disconnected: int = 0


def summary(key: str, stored: Stored, size: int | None = None) -> Summary:
    """What a listing shows of a stored response; ``size`` is its body's where that was not read."""
    return Summary(
        key=key,
        selecting=stored.selecting,
        status=stored.status,
        lifetime=stored.lifetime,
        generated_at=stored.generated_at,
        initial_age=stored.initial_age,
        tags=stored.tags,
        invalidated=stored.invalidated,
        build=stored.build,
        etag=stored.etag,
        size=stored.size if size is None else size,
        if_disconnected=stored.if_disconnected,
    )


class Store(Protocol):
    """Where stored responses live. Times are Unix seconds, handed in by the caller."""

    async def get(self, key: str) -> Sequence[Stored]:
        """Every variant under ``key``, the most recent first."""
        ...

    def peek(self, key: str) -> Sequence[Stored] | None:
        """What ``get`` would give, if this process knows it for certain without waiting, else None.

        The same object as long as nothing under the key has changed.
        """
        ...

    async def put(self, key: str, stored: Stored, epoch: int) -> bool:
        """Keep ``stored`` in place of the variant that its ``selecting`` fields name.

        False, and nothing kept, when a newer one is there already
        (``caching.settle.may_replace``), or when it is larger than the whole
        store: what it would have replaced then goes too. One rendered before a
        purge that concerns it is kept as ``invalidated`` (soft) or not at all (hard).
        """
        ...

    async def delete(self, key: str, selecting: HeaderPairs | None = None) -> None:
        """Remove one variant, or all."""
        ...

    async def epoch(self) -> int:
        """A number that grows by one with every purge."""
        ...

    async def announce(self, build: str) -> None:
        """From now on ``build`` is the newest: what other builds make never replaces its responses."""
        ...

    async def invalidate_key(self, prefix: str, hard: bool) -> list[str]:
        """Purge ``prefix`` and every key that goes on with ``?``; those that hold something still."""
        ...

    async def invalidate_tag(self, tag: str, hard: bool) -> list[str]:
        """Purge what carries ``tag`` (``all``: everything); the keys that hold some of it still."""
        ...

    async def acquire(self, key: str, owner: str, now: float, seconds: float) -> Lease:
        """Ask for the one flight of ``key``; it expires by itself after ``seconds``."""
        ...

    async def release(self, key: str, owner: str, private_until: float = 0.0) -> None:
        """Give the flight back; until ``private_until`` others need not wait for it."""
        ...

    async def keys(self, prefix: str = "", limit: int = 1000) -> list[str]:
        """Keys held that begin with ``prefix``, in order."""
        ...

    async def summaries(self, prefix: str = "", limit: int = 1000) -> list[Summary]:
        """What is held under the keys that begin with ``prefix``, in their order."""
        ...

    async def usage(self) -> Usage: ...

    async def close(self) -> None: ...
