"""Facts learnt about keys a moment ago, bounded in number."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """The last facts learnt about ``most`` keys; the oldest is forgotten first."""

    __slots__ = ("_facts", "_most")

    def __init__(self, most: int = 4096) -> None:
        self._facts: OrderedDict[K, V] = OrderedDict()
        self._most = most

    def get(self, key: K) -> V | None:
        return self._facts.get(key)

    def set(self, key: K, fact: V) -> None:
        self._facts[key] = fact
        self._facts.move_to_end(key)
        if len(self._facts) > self._most:
            self._facts.popitem(last=False)

    def forget(self, key: K) -> None:
        self._facts.pop(key, None)

    def known(self) -> tuple[K, ...]:
        return tuple(self._facts)

    def __len__(self) -> int:
        return len(self._facts)
