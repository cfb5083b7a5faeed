"""The cache in front of any origin, whatever happens in whatever order: nobody is sent what is not theirs.

What is checked of every answer stands in ``support/fuzz_checks.py``.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from fuzz_machine import CacheMachine
from fuzzing import KeptOnDisk, effort
from hypothesis.stateful import rule

from isrgen.edge.store import PurgeError, Store
from isrgen.edge.stores.memory import MemoryStore
from isrgen.http.context import Purge


class OnDisk(KeptOnDisk, CacheMachine):
    """With threads between the cache and its store."""


class Faulty:
    """A store of which everything fails while it is ``broken``."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.broken = False

    def __getattr__(self, name: str) -> Any:
        async def work(*facts: Any) -> Any:
            self._check()
            return await getattr(self._store, name)(*facts)

        return work

    def peek(self, key: str) -> Any:
        self._check()
        return self._store.peek(key)

    def _check(self) -> None:
        if self.broken:
            raise OSError("broken")


class InFaulty(CacheMachine):
    """What cannot be purged is not sent either."""

    def open_store(self) -> Store:
        self.faulty = Faulty(MemoryStore())
        store: Any = self.faulty
        return store

    @rule()
    def the_store_fails(self) -> None:
        self.faulty.broken = True

    @rule()
    def the_store_works(self) -> None:
        self.faulty.broken = False

    async def carry_out(self, purge: Purge) -> None:
        with suppress(PurgeError):
            await super().carry_out(purge)

    def is_for_all(self, *facts: Any) -> bool:
        return not self.faulty.broken and super().is_for_all(*facts)


TestInMemory = CacheMachine.TestCase
TestInMemory.settings = effort(40, 30)
TestOnDisk = OnDisk.TestCase
TestOnDisk.settings = effort(8, 20)
TestInFaulty = InFaulty.TestCase
TestInFaulty.settings = effort(30, 30)
