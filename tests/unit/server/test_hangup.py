"""Breaking off a connection that another part of the process holds."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from isrgen.server.hangup import hang_up

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture(params=[("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)], ids=["IPv4", "IPv6"])
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    """The server's and the client's end of one connection."""
    host, family = request.param
    try:
        listener = socket.create_server((host, 0), family=family)
    except OSError:
        pytest.skip(f"this machine has no {host}")
    with (
        listener,
        socket.create_connection(listener.getsockname()[:2], timeout=30) as client,
        listener.accept()[0] as server,
    ):
        yield server, client


def name(sock: socket.socket) -> tuple[str, str]:
    host, port = sock.getsockname()[:2]
    return str(port), f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def test_the_other_end_of_the_connection_sees_its_end_after_what_was_sent(pair: Pair) -> None:
    server, client = pair
    server.sendall(b"a")
    assert hang_up(name(server)[0], name(client)[1])
    assert (client.recv(9), client.recv(9)) == (b"a", b"")


def test_no_other_connection_is_touched_and_no_descriptor_lost(pair: Pair, tmp_path: Path) -> None:
    server, client = pair
    with (tmp_path / "file").open("w"):
        before = set(Path("/dev/fd").iterdir())
        assert not hang_up(name(server)[0], "192.0.2.1:1")
        assert not hang_up("1", name(client)[1])
        assert set(Path("/dev/fd").iterdir()) == before
    client.sendall(b"b")
    assert server.recv(9) == b"b"
