"""An origin that hangs, dies or talks nonsense, behind a real ``isrgen edge``.

Nothing wrong is kept, and nothing is passed off as whole.
"""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import programs
import pytest

KEPT = b"Cache-Control: max-age=600\r\n"
OK = b"HTTP/1.1 200 OK\r\n" + KEPT
GOOD = b"the page as it is"
NO_ANSWER = 0

# Path -> what the origin sends before it closes, and what the visitor may be told; 0: broken off.
BAD: dict[str, tuple[bytes, tuple[int, ...]]] = {
    "nothing": (b"", (502,)),
    "half-a-status-line": (b"HTTP/1.1 20", (502,)),
    "half-a-head": (OK + b"Content-Len", (502,)),
    "no-http": (b"220 mail.example ESMTP\r\n", (502,)),
    "noise": (bytes(range(256)) * 8, (502,)),
    "http-0.9": (b"<html>hello</html>", (502,)),
    "no-status": (b"HTTP/1.1 OK\r\n\r\n", (502,)),
    "a-status-of-four-digits": (b"HTTP/1.1 2000 OK\r\n\r\n", (502,)),
    "a-status-below-100": (b"HTTP/1.1 099 OK\r\n\r\n", (502,)),
    "a-body-cut-short": (OK + b"Content-Length: 100\r\n\r\nwrong", (502, NO_ANSWER)),
    "a-chunk-cut-short": (OK + b"Transfer-Encoding: chunked\r\n\r\nff\r\nwrong", (502, NO_ANSWER)),
    "no-last-chunk": (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nwrong\r\n", (502, NO_ANSWER)),
    "chunks-that-are-none": (OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nwrong\r\n", (502, NO_ANSWER)),
    "an-endless-chunk": (OK + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffffffff\r\nwrong", (502, 0)),
    "two-lengths": (OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nwrong!", (502,)),
    "a-negative-length": (OK + b"Content-Length: -5\r\n\r\nwrong", (502,)),
    "an-unknown-coding": (OK + b"Transfer-Encoding: magic\r\n\r\nwrong", (502,)),
    "a-nul-in-a-field": (OK + b"X-A: a\x00b\r\nContent-Length: 5\r\n\r\nwrong", (502,)),
    "a-carriage-return-in-a-field": (OK + b"X-A: a\rSet-Cookie: b\r\nContent-Length: 5\r\n\r\nwrong", (502,)),
    "a-field-without-a-name": (OK + b": a\r\nContent-Length: 5\r\n\r\nwrong", (502,)),
    "a-name-with-a-blank": (OK + b"X A: a\r\nContent-Length: 5\r\n\r\nwrong", (502,)),
    "a-head-of-a-megabyte": (OK + b"X-A: " + b"a" * 1_000_000 + b"\r\n\r\nwrong", (502,)),
    "fifty-thousand-fields": (OK + b"X-A: a\r\n" * 50_000 + b"Content-Length: 5\r\n\r\nwrong", (502,)),
    "interim-answers-without-end": (b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1000, (502,)),
    "a-change-of-protocol": (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nwrong", (502,)),
}  # fmt: skip


@dataclass
class Origin:
    """As long as it is ``bad``: says what ``BAD`` has for a path, and hangs for ``/hang``."""

    port: int = 0
    bad: bool = True
    free: threading.Event = field(default_factory=threading.Event)
    held: list[str] = field(default_factory=list)

    def answer(self, connection: socket.socket) -> None:
        with connection:
            line = connection.recv(65536).split(b" ")
            path = line[1].decode().partition("?")[0].strip("/") if len(line) > 1 else ""
            if path == "hang" and self.bad:
                self.held.append(path)
                self.free.wait(60)
            elif path in BAD and self.bad:
                connection.sendall(BAD[path][0])
            else:
                connection.sendall(OK + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(GOOD) + GOOD)

    def run(self, server: socket.socket) -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=self._quietly, args=(connection,), daemon=True).start()

    def _quietly(self, connection: socket.socket) -> None:
        try:
            self.answer(connection)
        except OSError:
            return


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    with socket.create_server(("127.0.0.1", 0), backlog=256) as server:
        origin = Origin(int(server.getsockname()[1]))
        threading.Thread(target=origin.run, args=(server,), daemon=True).start()
        yield origin
        origin.free.set()
        server.shutdown(socket.SHUT_RDWR)


@pytest.fixture(scope="module")
def port(origin: Origin, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    address = f"http://127.0.0.1:{origin.port}"
    server = programs.isrgen(tmp_path_factory.mktemp("edge"), "edge", "--origin", address)
    yield server.port
    server.end()


def get(port: int, path: str) -> tuple[int, bytes]:
    """The status and the body; a status of 0 where the body broke off."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()
    except (http.client.HTTPException, ConnectionError):
        return NO_ANSWER, b""
    finally:
        connection.close()


@pytest.mark.parametrize("name", BAD)
def test_a_bad_answer_is_told_as_one_and_not_kept(name: str, origin: Origin, port: int) -> None:
    origin.bad = True
    for _ in range(2):
        status, body = get(port, f"/{name}")
        assert status in BAD[name][1], body[:200]
        assert b"wrong" not in body
    assert get(port, "/") == (200, GOOD)
    origin.bad = False
    assert get(port, f"/{name}") == (200, GOOD)
    origin.bad = True
    assert get(port, f"/{name}") == (200, GOOD)


def test_an_origin_that_hangs_for_one_page_keeps_no_other_waiting(origin: Origin, port: int) -> None:
    origin.bad = True
    waiting = [threading.Thread(target=get, args=(port, f"/hang?{number % 20}")) for number in range(60)]
    for thread in waiting:
        thread.start()
    give_up = time.monotonic() + 20
    while len(origin.held) < 20 and time.monotonic() < give_up:
        time.sleep(0.01)
    for number in range(20):
        assert get(port, f"/other?{number}") == (200, GOOD)
    # Three visitors came for each.
    assert len(origin.held) == 20
    origin.bad = False
    origin.free.set()
    for thread in waiting:
        thread.join(30)
        assert not thread.is_alive()
    assert get(port, "/hang?0") == (200, GOOD)
