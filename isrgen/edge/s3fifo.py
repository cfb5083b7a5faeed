"""Variants by key, bounded by bytes: what is asked for only once goes first.

S3-FIFO (Yang and others, SOSP 2023). What comes in waits in a small queue; only
what was asked for there more than once moves to the main one, so that a crawler
who asks for every page once does not push out the pages that people read. Keys
that left the small queue are remembered for a while, and go to the main one if
they come again. A hit counts, and moves nothing: it is one look into a table.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Final, Generic, TypeVar

from isrgen.caching.stored import Stored

M = TypeVar("M")
Lost = tuple[str, tuple[Stored, ...]]
"""A key and its variants, which had to go."""

MOST_HITS: Final = 3
_SMALL_SHARE: Final = 10
"""One part in so many of all bytes is what the small queue may take before the main one has to give."""
_FEWEST_GHOSTS: Final = 128
_OBJECTS: Final = 700
_TAG: Final = 300
"""Bytes that Python takes for a response beside what is in it, and to find it by one of its tags."""


def taken(stored: Stored) -> int:
    """Bytes that a response takes in memory, where small ones with many tags cost most."""
    return stored.size + _OBJECTS + _TAG * len(stored.tags)


class Held(Generic[M]):
    """What is held under one key. ``hits`` counts up to ``MOST_HITS``."""

    __slots__ = ("hits", "is_main", "mark", "size", "variants")

    def __init__(self, variants: tuple[Stored, ...], mark: M, size: int, is_main: bool) -> None:
        self.variants = variants
        self.mark = mark
        self.size = size
        self.hits = 0
        self.is_main = is_main


class S3Fifo(Generic[M]):
    """``M`` is a mark that travels with a key's variants and means something to the owner.

    ``entries`` is there for who looks things up in a hurry: look, never write,
    and count the hit.
    """

    __slots__ = ("_ghosts", "_limit", "_main", "_small", "_small_bytes", "bytes", "entries")

    def __init__(self, limit: int) -> None:
        self.entries: dict[str, Held[M]] = {}
        self.bytes = 0
        self._limit = limit
        self._small: OrderedDict[str, Held[M]] = OrderedDict()
        self._main: OrderedDict[str, Held[M]] = OrderedDict()
        self._ghosts: OrderedDict[str, None] = OrderedDict()
        self._small_bytes = 0

    def get(self, key: str) -> Held[M] | None:
        held = self.entries.get(key)
        if held is not None and held.hits < MOST_HITS:
            held.hits += 1
        return held

    def set(self, key: str, variants: Sequence[Stored], mark: M) -> list[Lost]:
        """Hold these variants and nothing else under ``key``; what had to go for them."""
        size = sum(map(taken, variants)) + 2 * len(key)
        if not variants or size > self._limit:
            self.remove(key)
            return [(key, tuple(variants))] if variants else []
        held = self.entries.get(key)
        if held is None:
            held = self._enter(key, mark)
        self._resize(held, size)
        held.variants = tuple(variants)
        held.mark = mark
        return list(self._make_room(key))

    def fitting(self, key: str, variants: Sequence[Stored]) -> Sequence[Stored]:
        """As many of the first variants as one key may hold at all."""
        room = self._limit - 2 * len(key)
        for count, stored in enumerate(variants):
            room -= taken(stored)
            if room < 0:
                return variants[:count]
        return variants

    def remove(self, key: str) -> None:
        held = self.entries.pop(key, None)
        if held is not None:
            self._resize(held, 0)
            (self._main if held.is_main else self._small).pop(key)

    def items(self) -> Iterator[Lost]:
        for key, held in self.entries.items():
            yield key, held.variants

    def _enter(self, key: str, mark: M) -> Held[M]:
        """A place for a new key: in the main queue if it was here a while ago."""
        is_main = key in self._ghosts
        self._ghosts.pop(key, None)
        held: Held[M] = Held((), mark, 0, is_main)
        self.entries[key] = held
        (self._main if is_main else self._small)[key] = held
        return held

    def _resize(self, held: Held[M], size: int) -> None:
        self.bytes += size - held.size
        if not held.is_main:
            self._small_bytes += size - held.size
        held.size = size

    def _make_room(self, latest: str) -> Iterator[Lost]:
        """Let go of keys until the rest fits; never of the one that came in last."""
        while self.bytes > self._limit:
            lost = self._shrink_small(latest) if self._is_small_due(latest) else self._shrink_main(latest)
            if lost is not None:
                yield lost

    def _is_small_due(self, latest: str) -> bool:
        others = len(self._small) - (latest in self._small)
        if not others:
            return False
        return self._small_bytes * _SMALL_SHARE > self._limit or len(self._main) == (latest in self._main)

    def _shrink_small(self, latest: str) -> Lost | None:
        key, held = self._small.popitem(last=False)
        if key == latest:
            self._small[key] = held
            return None
        if held.hits > 1:
            self._small_bytes -= held.size
            held.is_main, held.hits = True, 0
            self._main[key] = held
            return None
        self._small[key] = held
        self.remove(key)
        self._haunt(key)
        return key, held.variants

    def _shrink_main(self, latest: str) -> Lost | None:
        key, held = self._main.popitem(last=False)
        self._main[key] = held
        if key == latest:
            return None
        if held.hits:
            held.hits -= 1
            return None
        self.remove(key)
        return key, held.variants

    def _haunt(self, key: str) -> None:
        """Remember a key that left the small queue; as many as there are entries."""
        self._ghosts[key] = None
        while len(self._ghosts) > max(len(self.entries), _FEWEST_GHOSTS):
            self._ghosts.popitem(last=False)
