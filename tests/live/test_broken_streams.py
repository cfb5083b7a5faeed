"""Streamed responses that fail half-way, over real sockets: the client sees that they are incomplete."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

PAGE = """
from isrgen import Response

async def chunks():
    yield "<p>first"
    raise KeyError("gone")

async def loader():
    return Response(chunks())
"""

API = """
from isrgen import Response

def chunks():
    yield b"first"
    raise OSError("no more")

def GET():
    return Response(chunks(), headers={"Content-Type": "text/plain"})
"""

FILES = {"content/index.md": "Home.", "content/mid+ssr.py": PAGE, "content/feed+api.py": API}

CASES = [
    ("/mid/", "content/mid+ssr.py:6", "KeyError: 'gone'"),
    ("/feed", "content/feed+api.py:6", "OSError: no more"),
]


@pytest.fixture
def site(make_site: Callable[..., Path]) -> Path:
    return make_site(FILES)


def until(found: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 30
    while not found():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.05)


def asked(address: tuple[str, int], path: str, *headers: str) -> bytes:
    """Everything that comes over a connection that is kept alive, until the server closes it."""
    lines = [f"GET {path} HTTP/1.1", "Host: localhost", *headers, "", ""]
    with socket.create_connection(address, timeout=30) as sock:
        sock.sendall("\r\n".join(lines).encode())
        return b"".join(iter(lambda: sock.recv(65536), b""))


@pytest.mark.parametrize(("path", "where", "said"), CASES)
@pytest.mark.parametrize("command", ["serve", "dev"])
def test_a_stream_that_fails_half_way_ends_the_connection_without_a_last_chunk(
    start: Callable[..., object], site: Path, command: str, path: str, where: str, said: str
) -> None:
    server = start(site, command=command)
    for accept in ("Accept: */*", "Accept: text/html"):
        assert not asked(server.address, path, accept).endswith(b"0\r\n\r\n")
    until(lambda: said in "".join(server.errors), "the log")
    told = "".join(server.errors)
    assert f"GET {path}" in told
    assert where in told
    assert "isrgen/" not in told
    assert server.get("/").status == 200


@pytest.mark.parametrize(("path", "where", "said"), CASES)
def test_over_asgi_it_ends_so_too_and_is_told_once(
    isrgen: Callable[..., object], site: Path, free_port: int, path: str, where: str, said: str
) -> None:
    assert isrgen("build", "--site", site).returncode == 0
    log = site / "log"
    line = [sys.executable, "-m", "uvicorn", "--port", str(free_port), "--lifespan", "on", "app:app"]
    with log.open("w") as out:
        process = subprocess.Popen(line, cwd=site / "dist" / "server", stdout=out, stderr=out)
    try:
        until(lambda: accepts(("127.0.0.1", free_port)), "uvicorn")
        reply = asked(("127.0.0.1", free_port), path)
        assert b"first" in reply
        assert not reply.endswith(b"0\r\n\r\n")
        until(lambda: said in log.read_text(), "the log")
    finally:
        process.terminate()
        process.wait(15)
    assert where in log.read_text()
    assert log.read_text().count("broke off half-way") == 1
    assert "Exception in ASGI application" not in log.read_text()


def accepts(address: tuple[str, int]) -> bool:
    with suppress(OSError), socket.create_connection(address, timeout=1):
        return True
    return False
