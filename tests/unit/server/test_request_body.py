"""The body of a request, as ASGI's ``receive`` tells it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from isrgen.server.message import GoneError, SlowBodyError, TooLargeError
from isrgen.server.request_body import LEAST_RATE, RequestBody


def told(*messages: Any) -> Any:
    """A ``receive`` that says these, and then nothing."""
    left = list(messages)

    async def receive() -> Any:
        if not left:
            await asyncio.Event().wait()
        return left.pop(0)

    return receive


def piece(body: bytes, more: bool = True) -> Any:
    return {"type": "http.request", "body": body, "more_body": more}


GONE = {"type": "http.disconnect"}


def test_pieces_come_until_the_last() -> None:
    async def run() -> list[bytes]:
        body = RequestBody(told(piece(b"a"), piece(b"", True), piece(b"b", False)), 5, has_body=True)
        return [each async for each in body]

    assert asyncio.run(run()) == [b"a", b"", b"b"]


def test_where_there_is_no_body_nobody_is_asked_for_one() -> None:
    async def run() -> list[bytes]:
        return [each async for each in RequestBody(told(GONE), 5, has_body=False)]

    assert asyncio.run(run()) == []


def test_who_goes_away_is_missed() -> None:
    async def run() -> bytes:
        return await RequestBody(told(piece(b"a"), GONE), 5, has_body=True).read(10, TooLargeError)

    with pytest.raises(GoneError):
        asyncio.run(run())


def test_a_body_larger_than_may_be_read_is_an_error() -> None:
    async def run() -> bytes:
        return await RequestBody(told(piece(b"abc", False)), 5, has_body=True).read(2, TooLargeError)

    with pytest.raises(TooLargeError):
        asyncio.run(run())


def test_who_drips_is_cut_off_however_often_a_byte_comes() -> None:
    async def drip() -> Any:
        await asyncio.sleep(0.01)
        return piece(b"x")

    async def run() -> int:
        size = 0
        try:
            async for each in RequestBody(drip, 0.05, has_body=True):
                size += len(each)
        except SlowBodyError:
            return size
        return -1

    assert 0 <= asyncio.run(run()) < 100


def test_who_sends_enough_gets_more_time() -> None:
    async def slow() -> Any:
        await asyncio.sleep(0.03)
        return piece(b"x" * LEAST_RATE, bool(left.pop()))

    left = [0, 1, 1, 1, 1, 1]

    async def run() -> bytes:
        return await RequestBody(slow, 0.1, has_body=True).read(10_000, TooLargeError)

    assert len(asyncio.run(run())) == 6 * LEAST_RATE


def test_the_end_of_a_visit_is_waited_for_after_the_body() -> None:
    async def run() -> list[str]:
        order: list[str] = []
        body = RequestBody(told(piece(b"a", False), GONE), 5, has_body=True)

        async def wait() -> None:
            await body.gone()
            order.append("gone")

        waiting = asyncio.ensure_future(wait())
        await asyncio.sleep(0)
        async for _ in body:
            order.append("piece")
        await waiting
        return order

    assert asyncio.run(run()) == ["piece", "gone"]
