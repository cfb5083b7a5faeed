"""The store in memory: what its limit means."""

from __future__ import annotations

import tracemalloc

import pytest
from store_play import made, put, with_stores

from isrgen.edge.store import Store
from isrgen.edge.stores.memory import MemoryStore

LIMIT = 3_000_000


@pytest.mark.parametrize(("body", "tags"), [(20_000, 3), (1000, 3), (0, 0), (0, 3), (0, 30)])
def test_what_python_takes_for_it_is_about_the_limit_however_small_the_pages(body: int, tags: int) -> None:
    """vercel/next.js#92287: memory grew with each distinct URL."""

    async def play(store: Store) -> None:
        before, _ = tracemalloc.get_traced_memory()
        number = 0
        while (await store.usage()).entries == number:
            number += 1
            # Each string is one of its own, as it is when it comes from a render.
            stored = made(
                "x" * body + str(number), tags=tuple(f"page:/{number}/{tag}" for tag in range(tags))
            )
            await put(store, f"/page/{number}/", stored)
        for again in range(number, 2 * number):
            await put(
                store, f"/page/{again}/", made("x" * body + str(again), tags=(f"t{again}",) * bool(tags))
            )
        now, _ = tracemalloc.get_traced_memory()
        assert 0.5 * LIMIT < now - before < 1.5 * LIMIT

    tracemalloc.start()
    try:
        with_stores(lambda: MemoryStore(LIMIT), play)
    finally:
        tracemalloc.stop()
