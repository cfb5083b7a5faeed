"""Variants by key, bounded by bytes: what was used longest ago goes first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar

from isrgen.caching.stored import Stored

M = TypeVar("M")


class Lru(Generic[M]):
    """``M`` is a mark that travels with a key's variants and means something to the owner."""

    __slots__ = ("_held", "_limit", "bytes")

    def __init__(self, limit: int) -> None:
        self._held: OrderedDict[str, tuple[tuple[Stored, ...], M, int]] = OrderedDict()
        self._limit = limit
        self.bytes = 0

    def get(self, key: str) -> tuple[tuple[Stored, ...], M] | None:
        held = self._held.get(key)
        if held is None:
            return None
        self._held.move_to_end(key)
        return held[0], held[1]

    def set(self, key: str, variants: Sequence[Stored], mark: M) -> list[tuple[str, tuple[Stored, ...]]]:
        """Hold these variants and nothing else under ``key``; what had to go for them."""
        self.remove(key)
        size = sum(stored.size for stored in variants) + 2 * len(key)
        if not variants or size > self._limit:
            return [(key, tuple(variants))] if variants else []
        self._held[key] = (tuple(variants), mark, size)
        self.bytes += size
        gone = []
        while self.bytes > self._limit:
            oldest, (lost, _, freed) = self._held.popitem(last=False)
            self.bytes -= freed
            gone.append((oldest, lost))
        return gone

    def fitting(self, key: str, variants: Sequence[Stored]) -> Sequence[Stored]:
        """As many of the first variants as one key may hold at all."""
        room = self._limit - 2 * len(key)
        for count, stored in enumerate(variants):
            room -= stored.size
            if room < 0:
                return variants[:count]
        return variants

    def remove(self, key: str) -> None:
        held = self._held.pop(key, None)
        if held is not None:
            self.bytes -= held[2]

    def items(self) -> Iterator[tuple[str, tuple[Stored, ...]]]:
        for key, (variants, _, _) in self._held.items():
            yield key, variants
