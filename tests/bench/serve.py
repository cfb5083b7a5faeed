"""isrgen's cache beside its peers, on this machine, in one run: ``python tests/bench/serve.py``.

Every contestant has one core, wrk another. They take turns, round by round,
and the medians are compared: what else the machine does then meets all of them
alike. A busy machine takes from the requests a second more than from the
processor time of each, so both are told.

Needs wrk, nginx, varnishd, and for Next.js node and npm, which installs it
once. ``--only isrgen,nginx`` leaves the others out.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import re
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import contestants
from contestants import MARK, Server, get
from load import Run, at_once, each, measure, rss

NAMES = ("isrgen", "bare", "nginx", "varnish", "next")
GOALS = {"nginx": 0.6, "varnish": 0.8, "next": 10.0}
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "isrgen-bench" / "next"
MISSES = 500
PAGES = 5000


def main() -> int:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="isrgen-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        ours = stack.enter_context(contestants.isrgen(folder))
        servers = [ours, *_others(stack, folder, ours, options.only)]
        sizes = {server.name: server.check() for server in servers}
        found: dict[str, Any] = {
            "machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores",
            "python": platform.python_version(),
            "hits": _hits(servers, sizes, options),
            "stale": _stale(ours, options),
            "misses": _misses(ours, folder),
        }
        found["memory"] = _memory(stack, folder)
    print(json.dumps(found, indent=2) if options.json else _table(found))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3, help="of each run")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--only", default=",".join(NAMES), help=f"of {', '.join(NAMES)}")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def _others(stack: ExitStack, folder: Path, ours: Server, only: str) -> list[Server]:
    make = {
        "bare": lambda: contestants.bare(folder),
        "nginx": lambda: contestants.nginx(folder / "nginx", ours),
        "varnish": lambda: contestants.varnish(folder / "varnish", ours),
        "next": lambda: contestants.next_start(CACHE),
    }
    return [stack.enter_context(make[name]()) for name in only.split(",") if name in make]


def _hits(servers: list[Server], sizes: dict[str, int], options: argparse.Namespace) -> list[dict[str, Any]]:
    runs: dict[str, list[Run]] = {server.name: [] for server in servers}
    for number in range(options.rounds):
        # Whoever comes first in one round comes last in the next.
        for server in servers if number % 2 == 0 else reversed(servers):
            run = measure(server, server.path, seconds=options.seconds, connections=options.connections)
            runs[server.name].append(run)
            server.check()
    return [
        {
            "server": name,
            "bytes": sizes[name],
            "requests_per_second": round(median(run.rate for run in found)),
            "cpu_microseconds": round(median(run.cpu for run in found) * 1e6, 1),
            "p99_ms": round(median(run.p99 for run in found) * 1e3, 2),
        }
        for name, found in runs.items()
    ]


def _stale(ours: Server, options: argparse.Namespace) -> dict[str, Any]:
    """A page whose render takes as long as it is fresh: it is stale, and refreshed, without end."""
    get(ours.port, "/stale/")
    fresh, stale = [], []
    before = _counts(ours)
    for _ in range(options.rounds):
        for path, runs in (("/hit/", fresh), ("/stale/", stale)):
            runs.append(measure(ours, path, seconds=options.seconds, connections=options.connections))
    after = _counts(ours)
    sent = {name: after.get(name, 0) - before.get(name, 0) for name in after}
    p99 = [median(run.p99 for run in runs) * 1e3 for runs in (fresh, stale)]
    return {
        "hit_p99_ms": round(p99[0], 2),
        "stale_p99_ms": round(p99[1], 2),
        "ratio": round(p99[1] / p99[0], 2),
        "rate_ratio": round(median(run.rate for run in stale) / median(run.rate for run in fresh), 2),
        "counts": sent,
    }


def _counts(ours: Server) -> dict[str, float]:
    """The samples of the metrics that speak of the cache."""
    import urllib.request

    request = urllib.request.Request(
        f"http://127.0.0.1:{ours.port}/_isrgen/metrics", headers={"Authorization": "Bearer bench"}
    )
    with urllib.request.urlopen(request) as response:
        text = response.read().decode()
    found = re.findall(r"^(isrgen_\w*(?:cache|render|refresh)\w*(?:\{[^}]*\})?) ([0-9.e+]+)$", text, re.M)
    return {name: float(value) for name, value in found}


def _misses(ours: Server, folder: Path) -> dict[str, int]:
    answers = asyncio.run(at_once(ours.port, "/miss/", MISSES))
    right = sum(b" 200 " in answer[:20] and MARK.encode() in answer for answer in answers)
    return {"asked": MISSES, "right": right, "renders": len((folder / "seen" / "miss").read_bytes())}


def _memory(stack: ExitStack, folder: Path) -> dict[str, float]:
    """What pages add to a server of its own; each is asked for twice, to be known the short way too."""
    server = stack.enter_context(contestants.isrgen(folder / "memory"))
    paths = [f"/page/{number}/" for number in range(PAGES)]
    asyncio.run(each(server.port, paths[:200] * 2))
    before = rss(server)
    asyncio.run(each(server.port, paths[200:] * 2))
    grown = (rss(server) - before) * PAGES / (PAGES - 200)
    return {
        "idle_mb": round(before / 2**20, 1),
        "per_10000_pages_mb": round(grown / PAGES * 10_000 / 2**20, 1),
        "text_of_10000_pages_mb": round(contestants.SIZE * 10_000 / 2**20, 1),
    }


def _table(found: dict[str, Any]) -> str:
    rate, cpu = (found["hits"][0][name] for name in ("requests_per_second", "cpu_microseconds"))
    lines = [
        f"{found['machine']}, Python {found['python']}",
        "",
        "| server | page | requests/s | CPU per request | p99 | isrgen's requests/s | by CPU | goal |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in found["hits"]:
        goal = GOALS.get(row["server"])
        lines.append(
            f"| {row['server']} | {row['bytes']} B | {row['requests_per_second']} "
            f"| {row['cpu_microseconds']} us | {row['p99_ms']} ms "
            f"| {rate / row['requests_per_second']:.2f} x | {row['cpu_microseconds'] / cpu:.2f} x "
            f"| {f'{goal:g} x' if goal else ''} |"
        )
    stale, misses, memory = found["stale"], found["misses"], found["memory"]
    lines += [
        "",
        "| what | measured | goal |",
        "|---|---|---|",
        f"| p99 of a stale page while its render takes a second, over that of a hit "
        f"| {stale['stale_p99_ms']} ms / {stale['hit_p99_ms']} ms = {stale['ratio']} | 1.5 |",
        f"| requests/s of stale pages over those of hits | {stale['rate_ratio']} | |",
        f"| renders for {misses['asked']} requests at once for a page that is not there "
        f"({misses['right']} right answers) | {misses['renders']} | 1 |",
        f"| memory that 10,000 pages add ({memory['text_of_10000_pages_mb']} MB of text) "
        f"| {memory['per_10000_pages_mb']} MB | |",
        f"| memory of the server without them, two processes | {memory['idle_mb']} MB | |",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
