"""Purges: from what a handler names to the keys of the store."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from isrgen.caching.invalidation import ALL, concerns, portable, purge_tags
from isrgen.caching.keys import canonical_path
from isrgen.edge.store import PurgeError, Store
from isrgen.http.context import Purge

REMEMBERED: Final = 4096
"""Purges that a store keeps by number."""


async def invalidate(store: Store, purges: Sequence[Purge]) -> list[str]:
    """Carry purges out; the keys that were hit softly, to be regenerated, each once.

    Raises PurgeError when one failed, after the others were carried out.
    """
    soft: dict[str, None] = {}
    failed: PurgeError | None = None
    for one in (one for purge in purges for one in _single(purge)):
        try:
            if one.tag:
                hit = await store.invalidate_tag(one.tag, one.hard)
            else:
                hit = await store.invalidate_key(one.key, one.hard)
        except PurgeError as error:
            failed = error
            continue
        if not one.hard:
            soft.update(dict.fromkeys(hit))
    if failed is not None:
        raise failed
    return list(soft)


def _single(purge: Purge) -> Iterator[Purged]:
    """What a store is told, for what a handler names."""
    if purge.tag:
        for tag in purge_tags(portable(purge.tag)):
            yield Purged(tag=tag, hard=purge.hard)
    if purge.path:
        for path in path_forms(purge.path):
            yield Purged(key=path, hard=purge.hard)


def path_forms(path: str) -> tuple[str, ...]:
    """A path as keys spell it, with and without its last slash: people write either.

    >>> path_forms("/blog/tea")
    ('/blog/tea', '/blog/tea/')
    """
    # The key of a proxied response is its whole URL, query and all.
    plain = path if "://" in path else canonical_path(path)
    if plain == "/":
        return (plain,)
    bare = plain.rstrip("/")
    return (bare, f"{bare}/")


@dataclass(frozen=True, slots=True)
class Purged:
    """One purge that a store carried out."""

    key: str = ""
    tag: str = ""
    hard: bool = False


class PurgeLog:
    """The last purges by number, so that a render which began before one is not kept as if after it."""

    def __init__(self) -> None:
        self.epoch = 0
        self._log: OrderedDict[int, Purged] = OrderedDict()

    def add(self, purge: Purged) -> None:
        self.epoch += 1
        self._log[self.epoch] = purge
        if len(self._log) > REMEMBERED:
            self._log.popitem(last=False)

    def since(self, epoch: int) -> list[Purged]:
        """The purges after ``epoch``; those forgotten count as a soft purge of everything."""
        if epoch >= self.epoch:
            return []
        forgotten = epoch + 1 not in self._log
        later = [purge for number, purge in self._log.items() if number > epoch]
        return [Purged(tag=ALL), *later] if forgotten else later


def verdict(purges: Iterable[Purged], key: str, tags: tuple[str, ...]) -> tuple[bool, bool]:
    """Whether any of these purges concerns a response, and whether one of those is hard."""
    hits = [p for p in purges if concerns(key=key, tags=tags, purged_key=p.key, purged_tag=p.tag)]
    return bool(hits), any(purge.hard for purge in hits)
