"""What a store was to be told while it failed, and is told as soon as it works again.

Purges, the newest build, and pages that were sent and could not be kept: what
the store has in their place is older than what a visitor has seen, and goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from isrgen.caching.invalidation import ALL
from isrgen.caching.stored import Stored
from isrgen.edge.purge import Purged
from isrgen.edge.recent import Recent
from isrgen.edge.store import Store

MOST_PURGES: Final = 1000
"""Purges that are owed one by one; more become one of everything."""


class Debts:
    """What is owed to one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._build: str | None = None
        self._unkept: Recent[str, float] = Recent()
        self.purges: list[Purged] = []

    def __bool__(self) -> bool:
        return bool(self.purges or self._build is not None or len(self._unkept))

    def owe_purge(self, purge: Purged) -> None:
        self.purges.append(purge)
        if len(self.purges) > MOST_PURGES:
            self.purges = [Purged(tag=ALL, hard=any(owed.hard for owed in self.purges))]

    def owe_build(self, build: str) -> None:
        self._build = build

    def owe_removal(self, key: str, stored: Stored) -> None:
        """This response was made, and the store did not take it."""
        self._unkept.set(key, max(stored.generated_at, self._unkept.get(key) or 0.0))

    def kept(self, key: str, stored: Stored) -> None:
        """This response was made, and the store took it."""
        unkept = self._unkept.get(key)
        if unkept is not None and stored.generated_at >= unkept:
            self._unkept.forget(key)

    def visible(self, key: str, variants: Sequence[Stored]) -> Sequence[Stored]:
        """What is not older than what was sent already."""
        unkept = self._unkept.get(key)
        if unkept is None:
            return variants
        return [stored for stored in variants if stored.generated_at >= unkept]

    def hides(self, key: str) -> bool:
        """Whether something newer than the store has was sent under this key."""
        return self._unkept.get(key) is not None

    async def pay(self) -> None:
        """Tell the store what is owed; raises what the store raises, and owes the rest."""
        if self._build is not None:
            build = self._build
            await self._store.announce(build)
            if self._build == build:
                self._build = None
        for purge in tuple(self.purges):
            await carry_out(self._store, purge)
            if purge in self.purges:
                self.purges.remove(purge)
        for key in self._unkept.known():
            await self._store.delete(key)
            self._unkept.forget(key)


async def carry_out(store: Store, purge: Purged) -> list[str]:
    """One purge; the keys that hold some of it still."""
    if purge.tag:
        return await store.invalidate_tag(purge.tag, purge.hard)
    return await store.invalidate_key(purge.key, purge.hard)
