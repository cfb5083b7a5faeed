"""Whatever is done to them, the stores hold the same: three ways to keep one promise."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis_server import RedisServer
from store_play import made, variant

from isrgen.edge.open import open_store
from isrgen.edge.store import Store

KEYS = st.sampled_from(["/", "/?page=2", "/a/", "/a/?x=é", "/a/b/", "http://h/a"])
TAGS = st.lists(st.sampled_from(["t", "u", "post:tea"]), unique=True, max_size=3).map(tuple)
LANGUAGES = st.sampled_from([(), variant("de"), variant("en"), (("accept", "x"), ("accept-language", "de"))])
BUILDS = st.sampled_from(["", "one", "two"])
STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("put"), KEYS, st.integers(1, 9), LANGUAGES, TAGS, st.sampled_from([200, 200, 404]),
            BUILDS, st.integers(0, 3),
        ),
        st.tuples(st.just("delete"), KEYS, st.one_of(st.none(), LANGUAGES)),
        st.tuples(st.just("tag"), st.sampled_from(["t", "u", "all", "nobody"]), st.booleans()),
        st.tuples(st.just("key"), st.sampled_from(["/", "/a/", "/a/?x=é", "/nowhere/"]), st.booleans()),
        st.tuples(st.just("announce"), BUILDS),
    ),
    max_size=25,
)  # fmt: skip


class Told:
    """A store that is told step after step; ``epochs`` are those a render may have begun in."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.epochs: list[int] = []

    async def step(self, what: str, *facts: Any) -> object:
        """One step, and what the store said to it."""
        self.epochs.append(await self.store.epoch())
        return await getattr(self, f"_{what}")(*facts)

    async def _put(
        self, key: str, at: int, selecting: Any, tags: Any, status: int, build: str, before: int
    ) -> object:
        epoch = self.epochs[-1 - min(before, len(self.epochs) - 1)]
        return await self.store.put(key, made(f"v{at}", 1000.0 + at, selecting, tags, status, build), epoch)

    async def _delete(self, key: str, selecting: Any) -> object:
        return await self.store.delete(key, selecting)

    async def _tag(self, tag: str, hard: bool) -> object:
        return sorted(await self.store.invalidate_tag(tag, hard))

    async def _key(self, key: str, hard: bool) -> object:
        return sorted(await self.store.invalidate_key(key, hard))

    async def _announce(self, build: str) -> object:
        return await self.store.announce(build)

    async def held(self) -> object:
        """Everything it holds, without regard to order."""
        keys = await self.store.keys()
        found = {key: sorted(map(repr, await self.store.get(key))) for key in keys}
        listed = [one.key for one in await self.store.summaries()]
        entries = (await self.store.usage()).entries
        return found, sorted(listed), entries, self.epochs[-1] - self.epochs[0]


@pytest.fixture
def openers(redis: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], list[Store]]:
    def opened() -> list[Store]:
        redis.command("FLUSHALL")
        folder: Path = tmp_path_factory.mktemp("stores")
        return [open_store(url, root=folder, shared=False) for url in ("memory:", "disk:edge", redis.url())]

    return opened


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_every_store_says_and_holds_the_same(
    openers: Callable[[], list[Store]], steps: list[tuple[Any, ...]]
) -> None:
    async def run() -> None:
        stores = [Told(store) for store in openers()]
        try:
            for step in [*steps, ("delete", "/nothing/", None)]:
                said = [await store.step(*step) for store in stores]
                assert said[0] == said[1] == said[2], step
                held = [await store.held() for store in stores]
                assert held[0] == held[1] == held[2], step
        finally:
            for store in stores:
                await store.store.close()

    asyncio.run(run())
