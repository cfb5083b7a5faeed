"""A request's body that is begun before anybody sends it on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from isrgen.edge.origins.upload import Upload


async def pieces(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def read(upload: Upload) -> list[bytes]:
    return [piece async for piece in upload]


@pytest.mark.parametrize("chunks", [(), (b"",), (b"a", b"", b"b"), (b"a" * 99,)])
def test_a_small_body_is_whole_before_it_is_wanted(chunks: tuple[bytes, ...]) -> None:
    async def run() -> None:
        upload = Upload(pieces(*chunks))
        await upload.begin(most=100)
        assert upload.is_whole
        assert await read(upload) == list(chunks)

    asyncio.run(run())


def test_of_a_large_one_no_more_is_read_than_that() -> None:
    async def run() -> None:
        taken = 0

        async def many() -> AsyncIterator[bytes]:
            nonlocal taken
            for _ in range(100):
                taken += 1
                yield b"0123456789"

        upload = Upload(many())
        await upload.begin(most=100)
        assert (upload.is_whole, taken) == (False, 10)
        assert await read(upload) == [b"0123456789"] * 100

    asyncio.run(run())


def test_what_is_not_there_in_time_is_not_lost() -> None:
    async def run() -> None:
        gate = asyncio.Event()

        async def slow() -> AsyncIterator[bytes]:
            yield b"a"
            await gate.wait()
            yield b"b"

        upload = Upload(slow())
        await upload.begin(seconds=0.01)
        assert not upload.is_whole
        gate.set()
        assert await read(upload) == [b"a", b"b"]

    asyncio.run(run())


@pytest.mark.parametrize("at_once", [True, False])
def test_what_goes_wrong_is_told_to_whoever_reads(at_once: bool) -> None:
    async def run() -> None:
        gate = asyncio.Event()

        async def broken() -> AsyncIterator[bytes]:
            yield b"a"
            await gate.wait()
            raise ConnectionError("gone")

        upload = Upload(broken())
        if at_once:
            gate.set()
            with pytest.raises(ConnectionError):
                await upload.begin()
        else:
            await upload.begin(seconds=0.01)
            gate.set()
            with pytest.raises(ConnectionError):
                await read(upload)

    asyncio.run(run())


def test_a_body_that_is_let_go_of_is_not_waited_for_any_longer() -> None:
    async def run() -> None:
        ended = False

        async def endless() -> AsyncIterator[bytes]:
            nonlocal ended
            try:
                await asyncio.Event().wait()
                yield b""
            finally:
                ended = True

        upload = Upload(endless())
        await upload.begin(seconds=0.01)
        upload.close()
        await asyncio.sleep(0)
        assert ended

    asyncio.run(run())
