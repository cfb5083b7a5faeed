"""A clock that is put forward or back: nothing is frozen, and nothing is fresh for longer than it may be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from redis_server import RedisServer
from rig import START, Answer, Rig, play, said

from isrgen.edge.open import open_store
from isrgen.edge.origin import OriginError
from isrgen.edge.store import Store

YEAR = 365 * 86400.0
LIFE = ("cache-control", "max-age=60, stale-while-revalidate=30")


@pytest.fixture(params=["memory", "disk", "redis"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Store]:
    if request.param == "redis":
        server: RedisServer = request.getfixturevalue("redis")
        server.command("FLUSHALL")
        return lambda: open_store(server.url(), root=tmp_path, shared=True)
    url = {"disk": "disk:edge.db", "memory": "memory:"}[request.param]
    return lambda: open_store(url, root=tmp_path, shared=False)


def body(text: str) -> Answer:
    return said(LIFE, body=text.encode())


async def seen(rig: Rig, count: int = 1) -> list[str]:
    """What so many visitors get, each after what the one before caused is done."""
    bodies = []
    for _ in range(count):
        bodies.append((await rig.get()).body.decode())
        await settled(rig)
    return bodies


async def settled(rig: Rig) -> None:
    """Wait for the regenerations behind the visitors' backs; stores have threads and sockets."""
    async with asyncio.timeout(20):
        while rig.cache.edge._refresher._tasks:
            await asyncio.sleep(0.01)


def test_a_page_from_the_future_is_replaced_and_kept_as_any_other(store: Callable[[], Store]) -> None:
    async def script(rig: Rig) -> None:
        rig.now = START + YEAR
        assert await seen(rig) == ["future"]
        rig.now = START
        # It is sent once more, since nobody knows its age; from then on it is the present one.
        assert (await seen(rig, 2))[1] == "present"
        asked = len(rig.asked)
        got = await rig.get()
        assert (got.body, got.hit, got.age, len(rig.asked)) == (b"present", True, 0, asked)
        rig.now += 95
        assert await seen(rig) == ["later"]

    play(script, body("future"), body("present"), body("later"), store=store())


def test_a_clock_put_forward_and_back_leaves_the_page_that_was_there(store: Callable[[], Store]) -> None:
    async def script(rig: Rig) -> None:
        assert await seen(rig) == ["one"]
        rig.now += YEAR
        assert await seen(rig) == ["two"]
        rig.now -= YEAR
        assert (await seen(rig, 2))[1] == "three"
        assert await seen(rig, 3) == ["three"] * 3

    play(script, body("one"), body("two"), body("three"), store=store())


def test_a_purge_from_the_future_holds_in_the_present(store: Callable[[], Store]) -> None:
    async def script(rig: Rig) -> None:
        rig.now = START + YEAR
        assert await seen(rig) == ["old"]
        await rig.cache.edge.store.invalidate_key("http://example.org/", True)
        rig.now = START
        assert await seen(rig, 2) == ["new", "new"]

    play(script, body("old"), body("new"), store=store())


def test_an_origin_that_failed_in_the_future_is_asked_in_the_present() -> None:
    dead = Answer(error=OriginError("gone"))

    async def script(rig: Rig) -> None:
        rig.now = START + YEAR
        assert await seen(rig) == ["old"]
        rig.now += 61
        assert await seen(rig) == ["old"]
        assert len(rig.asked) == 2
        rig.now = START
        await seen(rig)
        assert await seen(rig) == ["new"]

    play(script, body("old"), dead, body("new"))


def test_a_key_that_was_private_in_the_future_is_waited_for_in_the_present(
    store: Callable[[], Store],
) -> None:
    private = said(("cache-control", "private, max-age=60"), body=b"mine")

    async def script(rig: Rig) -> None:
        rig.now = START + YEAR
        assert await seen(rig) == ["mine"]
        rig.now = START
        rig.gate.clear()
        visits = [asyncio.ensure_future(rig.get()) for _ in range(5)]
        while len(rig.asked) < 2:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        assert len(rig.asked) == 2
        rig.gate.set()
        assert [(await visit).body for visit in visits] == [b"ours"] * 5

    play(script, private, body("ours"), store=store())
