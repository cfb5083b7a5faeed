"""Load: wrk on a core of its own, the server's processor time meanwhile, and many requests at one moment."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from contestants import LOAD_CORE, Server

_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}
_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Run:
    """What one run of wrk found: requests a second, the 99th percentile, processor time for each request."""

    rate: float
    p99: float
    cpu: float


def measure(server: Server, path: str, *, seconds: int, connections: int) -> Run:
    """Raises SystemExit when a single answer was an error: then something else was measured."""
    url = f"http://127.0.0.1:{server.port}{path}"
    before = _cpu(server.process.pid)
    done = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "--latency", url],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {LOAD_CORE}),
    ).stdout
    used = _cpu(server.process.pid) - before
    if "Non-2xx" in done or "Socket errors" in done:
        raise SystemExit(f"{server.name} answered with errors:\n{done}")
    requests = int(_found(r"(\d+) requests in", done)[1])
    p99 = _found(r"99%\s+([\d.]+)(us|ms|s|m)\b", done)
    rate = float(_found(r"Requests/sec:\s+([\d.]+)", done)[1])
    return Run(rate, float(p99[1]) * _UNITS[p99[2]], used / max(1, requests))


def rss(server: Server) -> int:
    """Bytes in memory of all processes of a server."""
    pages = [int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in _family(server.process.pid)]
    return sum(pages) * _PAGE


async def at_once(port: int, path: str, count: int) -> list[bytes]:
    """Whole responses to ``count`` requests that are sent when all their connections are open."""
    request = f"GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n".encode()
    streams = [await asyncio.open_connection("127.0.0.1", port) for _ in range(count)]
    for _, writer in streams:
        writer.write(request)
    answers = await asyncio.gather(*(reader.read() for reader, _ in streams))
    for _, writer in streams:
        writer.close()
    return answers


async def each(port: int, paths: list[str]) -> None:
    """One request for each path, on eight connections that are kept."""
    left = iter(paths)

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for path in left:
            writer.write(f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            if " 200 " not in head.partition("\r\n")[0]:
                raise SystemExit(f"{path}: {head}")
            await reader.readexactly(int(_found(r"content-length: (\d+)", head)[1]))
        writer.close()

    await asyncio.gather(*(client() for _ in range(8)))


def _found(pattern: str, text: str) -> re.Match[str]:
    found = re.search(pattern, text)
    if found is None:
        raise SystemExit(f"wrk did not say {pattern!r}:\n{text}")
    return found


def _cpu(pid: int) -> float:
    """Seconds of processor time of a process and its children, dead ones included."""
    total = 0
    for each_pid in _family(pid):
        fields = Path(f"/proc/{each_pid}/stat").read_text().rpartition(")")[2].split()
        total += sum(map(int, fields[11:15]))
    return total / _TICK


def _family(pid: int) -> list[int]:
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += _family(int(child))
    return found
