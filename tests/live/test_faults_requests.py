"""Requests that are no good, over raw sockets: the right status, and a site that is what it was.

Each is sent to ``isrgen serve`` and to ``isrgen edge``; the rows are in
``support/shapes.py``.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import programs
import pytest
from faults_site import STEADY, build
from shapes import SHAPES, Shape

_STATUS = re.compile(rb"HTTP/1\.[01] (?!100)([0-9]{3}) ")
_PASSING = {"date", "age", "cache-status"}


@dataclass
class Standing:
    """A server that is being attacked. ``lines`` are the request lines that its origin got, if it has one."""

    port: int
    steady: tuple[bytes, Mapping[str, str]] = (b"", {})

    def send(self, data: bytes, timeout: float = 10) -> bytes:
        """Everything that comes back until the server closes, or says nothing more."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as sock:
            received = b""
            try:
                sock.sendall(data)
                while piece := sock.recv(65536):
                    received += piece
            except (ConnectionError, TimeoutError):
                pass
            return received

    def page(self) -> tuple[bytes, Mapping[str, str]]:
        """A page that was stored before, with the fields that never change."""
        data = self.send(f"GET {STEADY} HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n".encode())
        head, _, body = data.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")[1:]
        pairs = [line.lower().partition(": ")[::2] for line in lines]
        return body, {name: value for name, value in pairs if name not in _PASSING}


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    folder = tmp_path_factory.mktemp("serve")
    site = build(folder / "site")
    server = programs.isrgen(folder, "serve", "--no-build", "--site", str(site))
    yield Standing(server.port)
    server.end()


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            # To the blank line that ends the chunks: what is left would be taken for the next request.
            while self.headers.get("Transfer-Encoding") and self.rfile.readline() not in (b"\r\n", b""):
                pass
            body = f"page {self.path.strip('/')}".encode()
            self.send_response(200)
            self.send_header("Cache-Control", "max-age=600")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A connection that the edge broke off, since the visitor's body did."""

    origin = Quiet(("127.0.0.1", 0), Handler)
    origin.daemon_threads = True
    Thread(target=origin.serve_forever, daemon=True).start()
    folder = tmp_path_factory.mktemp("edge")
    program = programs.isrgen(folder, "edge", "--origin", f"http://127.0.0.1:{origin.server_port}")
    yield Standing(program.port)
    program.end()
    origin.shutdown()
    origin.server_close()


@pytest.fixture
def standing(request: pytest.FixtureRequest) -> Standing:
    server: Standing = request.getfixturevalue(request.param)
    if not server.steady[0]:
        server.page()
        server.steady = server.page()
    return server


@pytest.mark.parametrize("standing", ["serve", "edge"], indirect=True)
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_it_is_answered_as_it_should_be_and_nothing_else_changes(shape: Shape, standing: Standing) -> None:
    received = standing.send(shape.data, timeout=1 if () in shape.answers else 10)
    answers = tuple(int(status) for status in _STATUS.findall(received))
    assert answers in shape.answers, received[:300]
    assert (b"page smuggled" in received) == (len(answers) == 2)
    assert standing.page() == standing.steady
    assert standing.steady[0].startswith(b"page steady")


INJECTED = [
    "%0d%0aX-Evil:%201",
    "%0aX-Evil:%201",
    "%0dX-Evil:%201",
    "%E5%98%8A%E5%98%8DX-Evil:1",
    "%00",
    "%0b",
]
PLACES = [
    "/a{}/", "/a{}", "/a/?page={}", "/a?page={}", "/a?x={}", "/old/{}/", "/old/{}", "/old/a/?x={}",
    "/reflect/{}/", "/api/echo?x={}", "/{}/", "/_isrgen/{}", "/_isrgen/draft?to={}", "/a/?__isr_x={}",
]  # fmt: skip


@pytest.mark.parametrize("standing", ["serve", "edge"], indirect=True)
@pytest.mark.parametrize("place", PLACES)
def test_no_path_and_no_query_splits_a_header(place: str, standing: Standing) -> None:
    for text in INJECTED:
        target = place.format(text)
        data = f"GET {target} HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n"
        received = standing.send(data.encode())
        head = received.partition(b"\r\n\r\n")[0]
        assert len(_STATUS.findall(received)) == 1, target
        assert not re.search(rb"[\r\n]x-evil", head, re.IGNORECASE), (target, head)
        assert re.fullmatch(rb"(?:[\x20-\x7e]+\r\n)*[\x20-\x7e]+", head), (target, head)
    assert standing.page() == standing.steady


def test_a_body_that_breaks_off_is_not_taken_for_a_whole_one(serve: Standing) -> None:
    head = b"POST /api/echo HTTP/1.1\r\nHost: example.org\r\n"
    for data in (b"Content-Length: 10\r\n\r\nabcd", b"Transfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n"):
        with socket.create_connection(("127.0.0.1", serve.port), timeout=10) as sock:
            sock.sendall(head + data)
            sock.shutdown(socket.SHUT_WR)
            received = b"".join(iter(lambda: sock.recv(65536), b""))
        assert not received.startswith(b"HTTP/1.1 2"), received
    assert serve.send(head + b"Content-Length: 4\r\nConnection: close\r\n\r\nabcd").endswith(b"4")
