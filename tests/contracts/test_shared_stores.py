"""What processes and machines may expect of a store that they share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from redis_server import RedisServer
from store_play import bodies, made, put, with_stores

from isrgen.edge.open import open_store
from isrgen.edge.store import Lease, Store

Opener = Callable[[], Store]


@pytest.fixture(params=["disk", "redis"])
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Opener:
    url = "disk:edge.db"
    if request.param == "redis":
        server: RedisServer = request.getfixturevalue("redis")
        server.command("FLUSHALL")
        url = server.url()
    return lambda: open_store(url, root=tmp_path, shared=True)


def test_no_process_sends_an_older_copy_from_its_memory(opener: Opener) -> None:
    async def play(one: Store, two: Store) -> None:
        for version in range(20):
            await put(one, "/", made(f"v{version}", 1000.0 + version))
            assert await bodies(one, "/") == await bodies(two, "/") == [f"v{version}"]
            assert await bodies(two, "/") == [f"v{version}"]

    with_stores(opener, play, 2)


def test_a_purge_by_one_process_holds_in_all(opener: Opener) -> None:
    async def play(one: Store, two: Store) -> None:
        epoch = await one.epoch()
        await put(one, "/", made(tags=("t",)))
        assert await bodies(two, "/") == ["tea"]
        await one.invalidate_tag("t", True)
        assert await bodies(two, "/") == []
        assert await two.epoch() == epoch + 1

    with_stores(opener, play, 2)


def test_the_one_flight_holds_across_processes(opener: Opener) -> None:
    async def play(one: Store, two: Store) -> None:
        assert await one.acquire("/", "one", 1000.0, 10.0) is Lease.MINE
        assert await two.acquire("/", "two", 1000.0, 10.0) is Lease.TAKEN

    with_stores(opener, play, 2)
