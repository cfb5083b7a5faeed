"""What tests share: sites made of a few files, the real commands, a real server, the machine's tools."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent / "support"))

from redis_server import RedisServer

# How long an example takes tells of the machine, and of nobody's code.
settings.register_profile("isrgen", deadline=None)
settings.load_profile("isrgen")

PROGRAMS = {"redis": "redis-server", "varnish": "varnishd"}
"""Tools whose program has another name."""

REQUIRED = frozenset(
    PROGRAMS.get(name, name) for name in os.environ.get("ISRGEN_REQUIRE", "").split(",") if name
)
"""Programs whose absence is a failure rather than a skip."""

MakeSite = Callable[[Mapping[str, "str | bytes"]], Path]
Isrgen = Callable[..., "subprocess.CompletedProcess[str]"]


@dataclass(frozen=True)
class Reply:
    """One response as it came over the socket."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def header(self, name: str) -> str:
        """Every value of a field, joined; empty where there is none."""
        return ", ".join(value for key, value in self.headers if key.lower() == name.lower())


@dataclass
class Server:
    """A running ``isrgen serve`` or ``isrgen dev``."""

    process: subprocess.Popen[str]
    url: str
    errors: list[str] = field(default_factory=list)

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.url.removeprefix("http://").rstrip("/").rpartition(":")
        return host.strip("[]"), int(port)

    def request(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Reply:
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection(*self.address, timeout=30)
        try:
            connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            return Reply(response.status, tuple(response.getheaders()), response.read())
        finally:
            connection.close()

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Reply:
        return self.request("GET", path, headers)

    def raw(self, data: bytes) -> bytes:
        """Send exactly these bytes; everything that comes back until the server closes.

        The request has to say ``Connection: close``, or be one that the server hangs up on.
        """
        with socket.create_connection(self.address, timeout=30) as sock:
            sock.sendall(data)
            return b"".join(iter(lambda: sock.recv(65536), b""))

    def stop(self) -> int:
        """SIGTERM to this process alone; its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(15)
        finally:
            self.process.kill()


def environment(**changes: str) -> dict[str, str]:
    """This process's environment without what would change a command's output."""
    ours = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ISRGEN_", "VERCEL_")) and name not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS")
    }
    return {**ours, "PYTHONUNBUFFERED": "1", **changes}


@pytest.fixture(scope="session")
def require() -> Callable[..., str]:
    """``require("node")`` is the tool's path; a missing one skips by name, or fails where CI wants it."""

    def find(name: str, found: str | Path | None = None) -> str:
        program = PROGRAMS.get(name, name)
        path = str(found) if found else shutil.which(program)
        if path:
            return path
        if program in REQUIRED:
            pytest.fail(f"{name} is not installed, and ISRGEN_REQUIRE asks for it")
        pytest.skip(f"{name} is not installed")

    return find


@pytest.fixture
def make_disk(tmp_path: Path, require: Callable[..., str]) -> Iterator[Callable[[int], Path]]:
    """``make_disk(3)`` is a file system of 3 MB; only root may have one."""
    made: list[Path] = []

    def make(megabytes: int) -> Path:
        folder = tmp_path / f"disk-{len(made)}"
        folder.mkdir()
        line = [require("mount"), "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        if done.returncode:
            give_up = pytest.fail if "mount" in REQUIRED else pytest.skip
            give_up(f"only root may mount a small disk: {done.stderr.strip()}")
        made.append(folder)
        return folder

    yield make
    for folder in made:
        # A server may still have it open; what is left of it goes with the last of its files.
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture(scope="session")
def redis(require: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A real Redis that every test shares: each takes a prefix of its own, or flushes it first."""
    server = RedisServer(
        require("redis", shutil.which("redis-server")), tmp_path_factory.mktemp("redis")
    ).start()
    yield server
    server.stop()


@pytest.fixture
def own_redis(require: Callable[..., str], tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis for one test to stop, to pause and to configure; not started yet."""
    server = RedisServer(require("redis", shutil.which("redis-server")), tmp_path / "redis")
    yield server
    server.stop()


@pytest.fixture
def make_site(tmp_path: Path) -> MakeSite:
    """Files by their path -> a site folder that holds them."""

    def make(files: Mapping[str, str | bytes]) -> Path:
        site = tmp_path / "site"
        (site / "content").mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            target = site / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text if isinstance(text, bytes) else text.encode())
        return site

    return make


@pytest.fixture
def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@pytest.fixture
def isrgen() -> Isrgen:
    """Run the real command; its stdout, stderr and exit code as text."""

    def run(*arguments: object, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "isrgen.cli", *map(str, arguments)],
            cwd=cwd,
            env=environment(**env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture
def start() -> Iterator[Callable[..., Server]]:
    """Start ``isrgen serve`` (or another command that listens), wait for its URL, stop it after the test."""
    servers: list[Server] = []

    def run(site: Path, *arguments: object, command: str = "serve", **env: str) -> Server:
        line = [sys.executable, "-m", "isrgen.cli", command, "--site", str(site), "--port", "0"]
        process = subprocess.Popen(
            [*line, *map(str, arguments)],
            env=environment(**env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        server = Server(process, "")
        servers.append(server)
        threading.Thread(target=_collect, args=(process, server.errors), daemon=True).start()
        server.url = _wait_for_url(process, server.errors)
        return server

    yield run
    for server in servers:
        server.stop()
        for stream in (server.process.stdout, server.process.stderr):
            if stream:
                stream.close()


def _collect(process: subprocess.Popen[str], lines: list[str]) -> None:
    assert process.stderr is not None
    try:
        lines.extend(iter(process.stderr.readline, ""))
    except ValueError:  # closed at the end of the test
        return


def _wait_for_url(process: subprocess.Popen[str], errors: list[str]) -> str:
    assert process.stdout is not None
    said: list[str] = []
    for line in process.stdout:
        said.append(line)
        for word in line.split():
            if word.startswith("http://"):
                return word
    process.wait(10)
    raise AssertionError(f"exit {process.returncode}: {''.join(said)}{''.join(errors)}")
