"""Whatever an origin says is a response or an OriginError, and a connection is given back exactly once."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from hypothesis import given
from hypothesis import strategies as st

from isrgen.edge.origin import OriginError
from isrgen.edge.origins.talk import Talk

PARTS = st.sampled_from(
    [
        b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0 404 No\r\n", b"HTTP/1.1 103 Hints\r\n", b"HTTP/1.1 101 Switch\r\n",
        b"Content-Length: 3\r\n", b"Content-Length: 9\r\n", b"Transfer-Encoding: chunked\r\n",
        b"Connection: close\r\n", b"X: y\r\n", b"\r\n", b"abc",
        b"3\r\nabc\r\n", b"0\r\n\r\n", b"\n", b":", b"\x00",
    ]
)  # fmt: skip


class Said:
    """A connection on which these pieces come, and then its end."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = pieces

    async def read(self) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""

    async def write(self, data: bytes) -> None: ...


@given(
    pieces=st.lists(PARTS | st.binary(min_size=1, max_size=20), max_size=12),
    method=st.sampled_from(["GET", "HEAD", "POST"]),
)
def test_whatever_comes_is_a_response_or_an_error(pieces: list[bytes], method: str) -> None:
    given_back: list[bool] = []
    wire: Any = Said(list(pieces))

    async def run() -> None:
        talk = Talk(wire, given_back.append, answer_within=5, silence=5)
        try:
            await talk.ask(h11.Request(method=method, target="/", headers=[("host", "x")]), None)
            async for _ in talk:
                pass
        except OriginError:
            pass
        await talk.aclose()

    asyncio.run(run())
    assert len(given_back) == 1
    assert not (given_back == [True] and method == "HEAD")
