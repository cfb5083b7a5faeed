"""The ASGI side of a site's server, where its server has something to say."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from isrgen.edge.counters import Counters
from isrgen.server import asgi
from isrgen.server.ledger import Ledger
from isrgen.server.message import Incoming, Outgoing
from isrgen.server.proxies import Proxies


class Endless:
    """A body without an end, and whether somebody let go of it."""

    closed = False

    def __aiter__(self) -> Endless:
        return self

    async def __anext__(self) -> bytes:
        return b"x"

    async def aclose(self) -> None:
        self.closed = True


class Streams:
    """A handler that answers with a stream."""

    ledger = Ledger(Counters(), None, Proxies(()))

    def __init__(self, stream: Endless) -> None:
        self._stream = stream

    async def handle(self, incoming: Incoming) -> Outgoing:
        return Outgoing(200, [], stream=self._stream)

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


def test_a_visitor_who_is_gone_before_the_response_begins_lets_go_of_the_stream() -> None:
    """Its generator's ``finally`` would never run."""
    stream = Endless()

    async def gone(message: Any) -> None:
        raise OSError("the client went away")

    scope = {
        "type": "http", "method": "GET", "scheme": "http", "http_version": "1.1", "path": "/",
        "raw_path": b"/", "client": None, "query_string": b"", "headers": [(b"host", b"example.org")],
    }  # fmt: skip
    with pytest.raises(OSError, match="went away"):
        asyncio.run(asgi.serve(Streams(stream), scope, asyncio.Event().wait, gone))
    assert stream.closed


class Refuses(Streams):
    """A handler that knows nothing of the address."""

    async def handle(self, incoming: Incoming) -> Outgoing:
        return Outgoing(404, [])


@pytest.mark.parametrize(
    ("path", "host", "shown"),
    [
        ("//_isrgen/draft", [(b"host", b"example.org")], b""),
        ("/_isrgen/draft", [], b""),
        ("/blog/", [(b"host", b"example.org")], b"token=secret"),
    ],
)
def test_a_token_in_an_address_that_is_mistaken_is_not_shown_to_the_servers_log(
    path: str, host: list[tuple[bytes, bytes]], shown: bytes
) -> None:
    """Servers log what the scope has when the response begins."""
    seen: list[bytes] = []
    scope = {
        "type": "http", "method": "GET", "scheme": "http", "http_version": "1.1", "path": path,
        "raw_path": path.encode(), "client": None, "query_string": b"token=secret", "headers": host,
    }  # fmt: skip

    async def send(message: Any) -> None:
        seen.append(scope["query_string"])  # type: ignore[arg-type]

    asyncio.run(asgi.serve(Refuses(Endless()), scope, asyncio.Event().wait, send))
    assert set(seen) == {shown}
