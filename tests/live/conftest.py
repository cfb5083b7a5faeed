"""Applications behind ``EdgeCache``, by a clock that tests move, and ``isrgen edge``; over real sockets."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import pytest
import uvicorn

PATIENCE = 20.0
"""Seconds after which what never comes is a failure."""


class Clock:
    """The time of day, and by how much a test moved it on."""

    def __init__(self) -> None:
        self.moved = 0.0

    def __call__(self) -> float:
        return time.time() + self.moved


@dataclass
class Response:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def cache(self) -> str:
        return self.headers.get("cache-status", "")


def asked(
    port: int, method: str, path: str, headers: Mapping[str, str] | None = None, body: Any = None
) -> Response:
    """One request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request(method, path, body, dict(headers or {}))
        response = connection.getresponse()
        told: dict[str, str] = {}
        for name, value in response.getheaders():
            key = name.lower()
            told[key] = f"{told[key]}, {value}" if key in told else value
        return Response(response.status, told, response.read())
    finally:
        connection.close()


@dataclass
class Served:
    """A running application; ``clock`` is the one its cache goes by."""

    port: int
    server: uvicorn.Server
    thread: threading.Thread
    clock: Clock = field(default_factory=Clock)

    def ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: Any = None
    ) -> Response:
        return asked(self.port, method, path, headers, body)

    def get(self, path: str, **headers: str) -> Response:
        return self.ask("GET", path, {name.replace("_", "-"): value for name, value in headers.items()})

    def until(self, path: str, wanted: Callable[[Response], bool]) -> Response:
        """Ask again until the answer is as wanted: what happens behind a visitor's back takes its time."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            response = self.get(path)
            if wanted(response):
                return response
            time.sleep(0.02)
        raise AssertionError(f"{path} never became what was waited for: {response}")

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(PATIENCE)


@pytest.fixture
def serve_app() -> Iterator[Callable[..., Served]]:
    """Serve ``make(clock)`` with uvicorn; stopped after the test."""
    running: list[Served] = []

    def serve(make: Callable[[Clock], Any]) -> Served:
        clock = Clock()
        sock = socket.socket()
        sock.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            make(clock), log_level="warning", lifespan="auto", ws="none", proxy_headers=False
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
        served = Served(sock.getsockname()[1], server, thread, clock)
        running.append(served)
        thread.start()
        deadline = time.monotonic() + PATIENCE
        while not server.started and thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert server.started
        return served

    yield serve
    for served in running:
        served.stop()


@dataclass
class Edge:
    """A running ``isrgen edge``."""

    process: subprocess.Popen[str]
    url: str
    errors: list[str] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.url.rstrip("/").rpartition(":")[2])

    def ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: Any = None
    ) -> Response:
        return asked(self.port, method, path, headers, body)

    def get(self, path: str, **headers: str) -> Response:
        return self.ask("GET", path, {name.replace("_", "-"): value for name, value in headers.items()})

    def raw(self, data: bytes) -> bytes:
        """Send exactly these bytes; everything that comes back until the server closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as sock:
            sock.sendall(data)
            return b"".join(iter(lambda: sock.recv(65536), b""))

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(PATIENCE)
        finally:
            self.process.kill()


@pytest.fixture(scope="module")
def run_edge() -> Iterator[Callable[..., Edge]]:
    """Start ``isrgen edge`` in front of an origin, wait for its URL; stopped after the module's tests."""
    edges: list[Edge] = []

    def run(origin: str, *arguments: object, port: int = 0, cwd: Path | None = None, **env: str) -> Edge:
        line = [sys.executable, "-m", "isrgen.cli", "edge", "--origin", origin, "--port", str(port)]
        ours = {name: value for name, value in os.environ.items() if not name.startswith("ISRGEN_")}
        process = subprocess.Popen(
            [*line, *map(str, arguments)],
            cwd=cwd,
            env={**ours, "PYTHONUNBUFFERED": "1", **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        edge = Edge(process, "")
        edges.append(edge)
        threading.Thread(target=_collect, args=(process.stderr, edge.errors), daemon=True).start()
        assert process.stdout is not None
        edge.url = next(
            (word for word in process.stdout.readline().split() if word.startswith("http://")), ""
        )
        assert edge.url, "".join(edge.errors)
        return edge

    yield run
    for edge in edges:
        edge.stop()
        for stream in (edge.process.stdout, edge.process.stderr):
            if stream is not None:
                stream.close()


def _collect(stream: IO[str], lines: list[str]) -> None:
    try:
        lines.extend(iter(stream.readline, ""))
    except ValueError:  # closed at the end of the test
        return
