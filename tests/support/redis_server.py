"""A real redis-server for tests: on a free port, in a folder of its own, ended by its process."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode


@dataclass
class RedisServer:
    """``options`` are lines of its configuration."""

    program: str
    folder: Path
    options: tuple[str, ...] = ()
    port: int = 0
    password: str = ""
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def url(self, **query: object) -> str:
        """A store's URL; without a ``timeout`` one that a busy machine does not reach."""
        asked = {"timeout": 10, **query}
        return f"redis://127.0.0.1:{self.port}/0?{urlencode(asked)}"

    def start(self, password: str = "") -> RedisServer:
        """Start it, on the port it had before if there was one, and wait until it answers."""
        self.password = password or self.password
        if not self.port:
            with socket.socket() as sock:
                sock.bind(("127.0.0.1", 0))
                self.port = int(sock.getsockname()[1])
        self.folder.mkdir(parents=True, exist_ok=True)
        settings = ("save ''", "appendonly no", *self.options)
        line = [word for setting in settings for word in f"--{setting}".split(" ", 1)]
        self.process = subprocess.Popen(
            [self.program, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)]
            + [word.strip("'") for word in line],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        give_up = time.monotonic() + 20
        while True:
            try:
                if b"PONG" in self.command("PING"):
                    return self
            except OSError:
                pass
            if time.monotonic() > give_up or self.process.poll() is not None:
                raise AssertionError(f"redis-server did not start: {self.process.poll()}")
            time.sleep(0.02)

    def command(self, *words: str) -> bytes:
        """One command on a connection of its own; the reply as it came."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as sock:
            if self.password:
                sock.sendall(_encoded("AUTH", self.password))
                sock.recv(100)
            sock.sendall(_encoded(*words))
            return _reply(sock)

    def number(self, *words: str) -> int:
        """The reply to a command that is answered with a number."""
        return int(self.command(*words).strip().lstrip(b":"))

    def names(self) -> list[str]:
        """Every key that it holds."""
        lines = self.command("KEYS", "*").decode().split("\r\n")
        return [line for line in lines if line and line[0] not in "*$"]

    def info(self, name: str) -> str:
        lines = self.command("INFO", "everything").decode().splitlines()
        return next((line.partition(":")[2] for line in lines if line.startswith(f"{name}:")), "")

    def pause(self) -> None:
        """Let it hang: connections are taken, and nothing is answered."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def stop(self) -> None:
        """End it as a crash would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self.process = None

    def _signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)


def _encoded(*words: str) -> bytes:
    """A command as Redis reads it."""
    data = [word.encode() for word in words]
    return b"*%d\r\n" % len(data) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in data)


def _reply(sock: socket.socket) -> bytes:
    """What comes back, until nothing more does."""
    data = sock.recv(1 << 20)
    sock.settimeout(0.05)
    try:
        while more := sock.recv(1 << 20):
            data += more
    except TimeoutError:
        pass
    return data
