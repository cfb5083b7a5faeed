"""One question for all who ask at a time, and no answer older than its question."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from isrgen.edge.redis.checks import MOST_KEYS, Checks, Current


class Server:
    """Answers with a number that grows, once its gate is open."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.version = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, keys: Sequence[str]) -> list[Current]:
        self.asked.append(list(keys))
        version = self.version
        await self.gate.wait()
        if version < 0:
            raise ConnectionError("away")
        return [(f"{key}:{version}", 0) for key in keys]


def test_all_who_ask_at_once_share_one_question() -> None:
    async def run() -> None:
        server = Server()
        checks = Checks(server)
        answers = await asyncio.gather(*(checks.current(f"/{number % 5}") for number in range(100)))
        assert [len(keys) for keys in server.asked] == [5]
        assert answers[7] == ("/2:0", 0)

    asyncio.run(run())


def test_who_comes_while_a_question_is_under_way_waits_for_the_next() -> None:
    async def run() -> None:
        server = Server()
        checks = Checks(server)
        server.gate.clear()
        first = asyncio.ensure_future(checks.current("/"))
        while not server.asked:
            await asyncio.sleep(0)
        server.version = 1
        second = asyncio.ensure_future(checks.current("/"))
        await asyncio.sleep(0)
        server.gate.set()
        assert await asyncio.gather(first, second) == [("/:0", 0), ("/:1", 0)]

    asyncio.run(run())


def test_a_question_that_fails_fails_for_those_who_asked_and_for_nobody_else() -> None:
    async def run() -> None:
        server = Server()
        checks = Checks(server)
        server.version = -1
        with pytest.raises(ConnectionError):
            await checks.current("/")
        server.version = 2
        assert await checks.current("/") == ("/:2", 0)

    asyncio.run(run())


def test_who_goes_away_takes_no_answer_from_others() -> None:
    async def run() -> None:
        server = Server()
        checks = Checks(server)
        server.gate.clear()
        one, two = (asyncio.ensure_future(checks.current("/")) for _ in range(2))
        while not server.asked:
            await asyncio.sleep(0)
        one.cancel()
        server.gate.set()
        assert await two == ("/:0", 0)

    asyncio.run(run())


def test_no_question_is_longer_than_it_may_be() -> None:
    async def run() -> None:
        server = Server()
        checks = Checks(server)
        await asyncio.gather(*(checks.current(f"/{number}") for number in range(MOST_KEYS + 10)))
        assert [len(keys) for keys in server.asked] == [MOST_KEYS, 10]

    asyncio.run(run())
