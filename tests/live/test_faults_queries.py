"""Distinct query strings without end: what a server holds is bounded, and the site stays up.

``ISRGEN_FLOOD=100000`` sends so many to each; as it is, they are more than fit
into whatever is bounded.
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import programs
import pytest
from faults_site import STEADY, build

from isrgen.edge.stores.memory import DEFAULT_BYTES

MB = 2**20
AT_ONCE = 200
MOST_GROWTH = 3 * DEFAULT_BYTES
"""Bytes that a worker may grow by: the store counts what it keeps, not what Python needs for it."""

FLOOD = int(os.environ.get("ISRGEN_FLOOD", "0"))

_HEAD = re.compile(rb"HTTP/1\.1 ([0-9]{3}) .*?\r\n\r\n", re.DOTALL)
_LENGTH = re.compile(rb"\r\ncontent-length: ([0-9]+)\r\n", re.IGNORECASE)


def flood(port: int, path: str, count: int) -> Counter[str]:
    """``path`` with each number below ``count`` in it: how often each status came, and "hit"."""
    seen: Counter[str] = Counter()
    with socket.create_connection(("127.0.0.1", port), timeout=60) as sock:
        for start in range(0, count, AT_ONCE):
            lines = [
                f"GET {path.format(number)} HTTP/1.1\r\nHost: example.org\r\n\r\n"
                for number in range(start, start + AT_ONCE)
            ]
            sock.sendall("".join(lines).encode())
            for head in _heads(sock, AT_ONCE):
                seen[head[9:12].decode()] += 1
                seen["hit"] += b"; hit" in head
    return seen


def _heads(sock: socket.socket, count: int) -> Iterator[bytes]:
    """The heads of so many responses; the bodies are read over."""
    received, place = b"", 0
    for _ in range(count):
        while (head := _HEAD.match(received, place)) is None:
            received, place = received[place:] + sock.recv(MB), 0
        length = _LENGTH.search(head[0])
        assert length is not None, head[0]
        yield head[0]
        place = head.end() + int(length[1])
        while len(received) < place:
            received += sock.recv(MB)


def size(program: programs.Program) -> int:
    """Bytes of memory that the worker has."""
    (worker,) = programs.workers(program.process.pid)
    told = re.search(r"VmRSS:\s+([0-9]+) kB", Path(f"/proc/{worker}/status").read_text())
    assert told is not None
    return int(told[1]) * 1024


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[programs.Program]:
    folder = tmp_path_factory.mktemp("serve")
    server = programs.isrgen(folder, "serve", "--no-build", "--site", str(build(folder / "site")))
    yield server
    server.end()


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[programs.Program]:
    """In front of an origin that says 8 KB to everything, and that it may be kept."""
    body = b"x" * 8192
    answer = b"HTTP/1.1 200 OK\r\nCache-Control: max-age=600\r\nContent-Length: %d\r\n\r\n" % len(body) + body

    class Origin(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport

        def data_received(self, data: bytes) -> None:
            self.transport.write(answer * data.count(b"\r\n\r\n"))  # type: ignore[attr-defined]

    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(loop.create_server(Origin, "127.0.0.1", 0))
    thread = Thread(target=loop.run_forever, daemon=True)
    thread.start()
    port = server.sockets[0].getsockname()[1]
    program = programs.isrgen(tmp_path, "edge", "--origin", f"http://127.0.0.1:{port}")
    yield program
    program.end()
    loop.call_soon_threadsafe(server.close)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def test_queries_that_a_page_does_not_list_are_all_one_page(serve: programs.Program) -> None:
    assert flood(serve.port, STEADY, AT_ONCE)["200"] == AT_ONCE
    before = size(serve)
    count = FLOOD or 20_000
    seen = flood(serve.port, STEADY + "?x={0}&utm_{0}=%C3%A9", count)
    assert seen == {"200": count, "hit": count}
    assert size(serve) - before < 16 * MB


def test_queries_that_a_page_lists_fill_no_more_than_the_store(serve: programs.Program) -> None:
    before = size(serve)
    count, filling = FLOOD or 5000, "y" * 8000
    seen = flood(serve.port, "/a/?page={0}" + filling, count)
    assert seen == {"200": count, "hit": 0}
    assert count * 2 * len(filling) > DEFAULT_BYTES
    assert size(serve) - before < MOST_GROWTH
    assert flood(serve.port, STEADY, AT_ONCE)["200"] == AT_ONCE


def test_queries_to_an_application_behind_the_edge_fill_no_more_than_the_store(
    edge: programs.Program,
) -> None:
    before = size(edge)
    count = FLOOD or 9000
    seen = flood(edge.port, "/?{0}", count)
    assert seen == {"200": count, "hit": 0}
    assert count * 8192 > DEFAULT_BYTES
    assert size(edge) - before < MOST_GROWTH
    assert flood(edge.port, f"/?{count - 1}", AT_ONCE)["hit"] == AT_ONCE
