"""One flight per key."""

from __future__ import annotations

import asyncio

import pytest

from isrgen.edge.collapse import Flights


def test_a_flight_that_fails_fails_for_all_and_the_next_one_flies() -> None:
    async def run() -> None:
        flights: Flights[str, int] = Flights()
        calls = 0

        async def fly() -> int:
            nonlocal calls
            calls += 1
            await asyncio.sleep(0)
            if calls == 1:
                raise ValueError("no")
            return calls

        first = await asyncio.gather(*(flights.join("a", fly) for _ in range(3)), return_exceptions=True)
        assert [type(one) for one in first] == [ValueError] * 3
        assert await flights.join("a", fly) == (2, True)
        assert len(flights) == 0

    asyncio.run(run())


def test_a_cancelled_flight_is_told_to_those_who_wait() -> None:
    async def run() -> None:
        flights: Flights[str, None] = Flights()
        waiting = asyncio.ensure_future(flights.join("a", lambda: asyncio.sleep(1000)))
        await asyncio.sleep(0)
        flights.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(run())


def test_what_is_for_a_caller_who_went_away_is_abandoned_and_nobody_elses() -> None:
    async def run() -> None:
        flights: Flights[str, str] = Flights()
        gate = asyncio.Event()
        abandoned: list[str] = []

        async def fly() -> str:
            await gate.wait()
            return "result"

        async def abandon(result: str) -> None:
            abandoned.append(result)

        first = asyncio.ensure_future(flights.join("key", fly, abandon))
        await asyncio.sleep(0)
        second = asyncio.ensure_future(flights.join("key", fly, abandon))
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0)
        gate.set()
        await flights.close()
        await asyncio.sleep(0)
        assert abandoned == ["result"]

    asyncio.run(run())
