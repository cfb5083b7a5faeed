"""Visitors who are slow on purpose: they hold nothing that others need, and are hung up on."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import programs
import pytest
from faults_site import build

from isrgen.cli.limits import PATIENCE

HELD = 300
HALF_A_HEAD = b"GET /a/ HTTP/1.1\r\nHost: example.org\r\nX-A: "
MARGIN = 15


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("slow")
    server = programs.isrgen(folder, "serve", "--no-build", "--site", str(build(folder / "site")))
    yield server.port
    server.end()


LARGE = b"x" * 8_000_000


class Handler(BaseHTTPRequestHandler):
    """Reads the whole of a body before it answers; nothing may be kept."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = LARGE if self.path.startswith("/large") else b"page b"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


class Origin(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """The edge hangs up on it when the visitor does."""


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    origin = Origin(("127.0.0.1", 0), Handler)
    threading.Thread(target=origin.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{origin.server_port}"
    program = programs.isrgen(tmp_path_factory.mktemp("edge"), "edge", "--origin", address)
    yield program.port
    program.end()
    origin.shutdown()
    origin.server_close()


@pytest.fixture
def connect(port: int) -> Iterator[Callable[..., socket.socket]]:
    with ExitStack() as stack:
        yield lambda to=port: stack.enter_context(socket.create_connection(("127.0.0.1", to), timeout=30))


GET = b"GET /b/ HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n"
POST = b"POST /b/ HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\nContent-Length: 4\r\n\r\nabcd"


def ask(port: int, data: bytes = GET) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as sock:
        sock.sendall(data)
        return b"".join(iter(lambda: sock.recv(65536), b""))


def is_closed(sock: socket.socket) -> bool:
    """Whether the server has hung up, after whatever it said."""
    with suppress(ConnectionError):
        while sock.recv(65536):
            pass
    return True


def test_who_sends_half_a_request_or_a_byte_a_second_is_hung_up_on_and_others_are_served(
    port: int, connect: Callable[[], socket.socket]
) -> None:
    began = time.monotonic()
    silent = [connect() for _ in range(HELD // 3)]
    halves = [connect() for _ in range(HELD // 3)]
    trickles = [connect() for _ in range(HELD // 3)]
    for sock in (*halves, *trickles):
        sock.sendall(HALF_A_HEAD)
    closed = threading.Event()

    def trickle() -> None:
        while not closed.wait(1):
            for sock in trickles:
                with suppress(OSError):
                    sock.sendall(b"a")

    thread = threading.Thread(target=trickle)
    thread.start()
    try:
        assert ask(port).endswith(b"page b")
        for sock in (*halves, *trickles, *silent):
            sock.settimeout(max(1.0, began + PATIENCE + MARGIN - time.monotonic()))
            assert is_closed(sock)
    finally:
        closed.set()
        thread.join()
    assert ask(port).endswith(b"page b")


def test_a_body_that_trickles_in_keeps_nobody_else_waiting(
    port: int, connect: Callable[[], socket.socket]
) -> None:
    for _ in range(HELD):
        head = b"POST /api/echo HTTP/1.1\r\nHost: example.org\r\nContent-Length: 1000\r\n\r\na"
        connect().sendall(head)
    for _ in range(5):
        assert ask(port).endswith(b"page b")


@pytest.mark.parametrize("sent", [1, 50_000])
def test_bodies_that_trickle_in_hold_not_all_connections_to_an_origin(
    sent: int, edge: int, connect: Callable[[int], socket.socket]
) -> None:
    head = b"POST /x HTTP/1.1\r\nHost: example.org\r\nContent-Length: 100000\r\n\r\n"
    for _ in range(HELD):
        connect(edge).sendall(head + b"a" * sent)
    # Also after the moment for which a body is waited for without a connection.
    for _ in range(15):
        assert ask(edge).endswith(b"page b")
        assert ask(edge, POST).endswith(b"page b")
        time.sleep(0.1)


def test_who_never_reads_an_answer_keeps_nobody_else_waiting(
    port: int, connect: Callable[[], socket.socket]
) -> None:
    page = b"GET /b/?page=" + b"x" * 3000 + b" HTTP/1.1\r\nHost: example.org\r\n\r\n"
    for _ in range(20):
        sock = connect()
        sock.settimeout(0.5)
        with suppress(TimeoutError, ConnectionError):
            sock.sendall(page * 500)
    for _ in range(5):
        assert ask(port).endswith(b"page b")


def test_responses_that_nobody_reads_hold_not_all_connections_to_an_origin(edge: int) -> None:
    with ExitStack() as stack:
        for number in range(120):
            sock = stack.enter_context(socket.socket())
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.settimeout(30)
            sock.connect(("127.0.0.1", edge))
            sock.sendall(b"GET /large?%d HTTP/1.1\r\nHost: example.org\r\n\r\n" % number)
        for _ in range(5):
            assert ask(edge).endswith(b"page b")
