"""Real programs for tests, each on a free port of loopback and ended by its number."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class Program:
    """A process that listens on ``port``; its output goes to a file in ``folder``."""

    def __init__(self, folder: Path, port: int, *command: str, **env: str) -> None:
        self.port = port
        folder.mkdir(parents=True, exist_ok=True)
        self.log = folder / "log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, **env}
            )
        self._wait()

    def _wait(self) -> None:
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.05)
            else:
                return
        self.end()
        raise AssertionError(f"{self.process.args} does not listen: {self.log.read_text()}")

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        self.process.send_signal(how)
        try:
            self.process.wait(15)
        finally:
            self.process.kill()
            self.process.wait(15)


def varnish(folder: Path, source: Path, origin: int) -> Program:
    """Varnish with a VCL in which ``ORIGIN_PORT`` stands for an origin's port."""
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    vcl = folder / source.name
    vcl.write_text(source.read_text("utf-8").replace("ORIGIN_PORT", str(origin)), "utf-8")
    # fmt: off
    settings = [
        "-F", "-n", str(folder / "work"), "-f", str(vcl), "-a", f"127.0.0.1:{port}", "-T", "none",
        "-s", "malloc,32m", "-j", "none", "-p", "default_grace=0", "-p", "default_keep=0",
    ]
    # fmt: on
    return Program(folder, port, shutil.which("varnishd") or "", *settings)


def isrgen(folder: Path, *arguments: str, **env: str) -> Program:
    """``isrgen serve`` or another command that takes ``--port``."""
    port = free_port()
    command = [sys.executable, "-m", "isrgen.cli", *arguments, "--port", str(port)]
    return Program(folder, port, *command, PYTHONUNBUFFERED="1", **env)


def wait_for_workers(port: int, count: int) -> None:
    """Wait until so many workers listen on a port and accept: each opens it for itself.

    What is sent before goes to the first ones, or waits for the last.
    """
    for _ in range(200):
        if _listeners(port) >= count:
            break
        time.sleep(0.05)
    for _ in range(8 * count):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", "/_isrgen/health")
        connection.getresponse().read()
        connection.close()


def workers(server: int) -> list[int]:
    """The processes of a server that serve, the oldest first."""
    children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    return sorted(int(pid) for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes())


def _listeners(port: int) -> int:
    """Sockets that listen on a port of this machine, as Linux tells it."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    fields = (line.split() for line in lines)
    return sum(local.endswith(f":{port:04X}") and state == "0A" for _, local, _, state, *_ in fields)
