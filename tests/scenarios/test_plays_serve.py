"""Every cache play on the real ``isrgen serve``, with each store.

One worker with its memory, two that share a disk, two that share a Redis: one
server for each arrangement, on which the plays are performed side by side.
Who kills a worker or takes the store away has a server to himself.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar

import play as plays
import programs
import pytest
import stages
from play import Behaviour, Play, Reply
from redis_server import RedisServer
from stages import Pace

SITE = Path(__file__).parent / "site"
TOKEN = "the token of the plays"
ALL = frozenset(
    {
        "purge-by-tag", "purge-by-path", "purge-epoch", "recorded-reads", "degraded", "stale-if-error",
        "query-normalised", "draft", "server", "site-rules", "unsafe-invalidates",
    }
)  # fmt: skip
HAS = {
    "memory": ALL | {"one-process"},
    "disk": ALL | {"processes"},
    "redis": ALL | {"processes", "store-outage"},
}
ALONE = frozenset({"processes", "store-outage"})
"""What else is performed on the same server would suffer from it."""


@dataclass
class Theatre:
    """A running server with its store."""

    arrangement: str
    folder: Path
    server: programs.Program
    redis: RedisServer | None = None

    @classmethod
    def open(cls, arrangement: str, folder: Path, site: Path) -> Theatre:
        folder.mkdir(parents=True)
        redis = None
        if arrangement == "redis":
            redis = RedisServer(shutil.which("redis-server") or "", folder / "redis").start()
        store = redis.url() if redis else f"{arrangement}:"
        store += f"{folder}/edge" if arrangement == "disk" else ""
        workers = "1" if arrangement == "memory" else "2"
        command = ["serve", "--no-build", "--site", str(site), "--store", store, "--workers", workers]
        env = {"ISRGEN_PLAY_CONTROL": str(folder), "ISRGEN_TOKEN": TOKEN, "ISRGEN_DRAFT_SECRET": "x" * 32}
        server = programs.isrgen(folder / "server", *command, **env)
        programs.wait_for_workers(server.port, int(workers))
        return cls(arrangement, folder, server, redis)

    def close(self) -> None:
        self.server.end()
        if self.redis is not None:
            self.redis.stop()


@dataclass
class ServeStage:
    """One hall of a theatre; requests go over sockets, one connection each."""

    theatre: Theatre
    hall: str
    pace: Pace
    means: ClassVar[Mapping[str, str]] = MappingProxyType({})

    def __post_init__(self) -> None:
        self.control = self.theatre.folder / self.hall
        self.control.mkdir()

    async def behave(self, behaviour: Behaviour) -> None:
        fresh = self.control / "behaviour.new"
        fresh.write_text(json.dumps(asdict(behaviour)))
        fresh.replace(self.control / "behaviour.json")

    async def request(self, method: str, path: str, headers: list[tuple[str, str]]) -> Reply:
        return await stages.request(self.theatre.server.port, method, f"/{self.hall}{path}", headers)

    async def wait(self, seconds: float) -> None:
        await self.pace.wait(seconds)

    async def purge(self, kind: str, name: str, hard: bool) -> None:
        name = f"{self.hall}.{name}" if kind == "tag" else f"/{self.hall}{name}"
        body = json.dumps({"kind": kind, "name": name, "hard": hard}).encode()
        reply = await stages.request(self.theatre.server.port, "POST", "/api/purge", [], body)
        assert reply.status == 204, reply

    async def renders(self) -> int:
        return len(self._renders())

    async def draft(self) -> str:
        path = f"/_isrgen/draft?token={TOKEN.replace(' ', '%20')}&to=/{self.hall}/"
        reply = await stages.request(self.theatre.server.port, "GET", path, [])
        assert "set-cookie" in reply.headers, reply
        return reply.headers["set-cookie"].partition(";")[0]

    async def kill(self) -> None:
        os.kill(int(self._renders()[-1]), signal.SIGKILL)

    async def store_there(self, there: bool) -> None:
        redis = self.theatre.redis
        assert redis is not None
        await asyncio.to_thread(redis.start if there else redis.stop)

    def _renders(self) -> list[str]:
        log = self.control / "renders"
        return log.read_text().split() if log.exists() else []


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site under test, built."""
    folder = shutil.copytree(SITE, tmp_path_factory.mktemp("plays") / "site")
    command = [sys.executable, "-m", "isrgen.cli", "build", "--site", str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def performed(
    request: pytest.FixtureRequest, site: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Mapping[str, Exception | None]]:
    """What came of each play that this run asks for, in one arrangement."""

    @cache
    def come_of(arrangement: str) -> Mapping[str, Exception | None]:
        wanted = stages.wanted(request.session, "test_the_server_plays", arrangement=arrangement)
        with ExitStack() as stack:
            return asyncio.run(_perform(arrangement, wanted, stack))

    async def _perform(
        arrangement: str, wanted: list[Play], stack: ExitStack
    ) -> Mapping[str, Exception | None]:
        folder = tmp_path_factory.mktemp(arrangement)

        def opened(name: str) -> Theatre:
            theatre = Theatre.open(arrangement, folder / name, site)
            stack.callback(theatre.close)
            return theatre

        shared = opened("shared")

        async def enter(play: Play, hall: str, pace: Pace) -> ServeStage:
            alone = play.needs & ALONE
            theatre = await asyncio.to_thread(opened, f"alone-{hall}") if alone else shared
            return ServeStage(theatre, hall, pace)

        return await stages.perform_all(wanted, enter)

    return come_of


# A play is for the arrangements that have what it needs.
CAST = [
    pytest.param(path, arrangement, id=f"{path.stem}-{arrangement}")
    for arrangement in HAS
    for path in plays.PLAYS
    if plays.load(path).needs <= HAS[arrangement]
]


@pytest.mark.parametrize(("path", "arrangement"), CAST)
def test_the_server_plays(
    path: Path,
    arrangement: str,
    performed: Callable[[str], Mapping[str, Exception | None]],
    require: Callable[..., str],
) -> None:
    if arrangement == "redis":
        require("redis")
    error = performed(arrangement)[path.stem]
    if error is not None:
        raise error


def test_every_play_is_performed_in_some_arrangement() -> None:
    told = {need for path in plays.PLAYS for need in plays.load(path).needs}
    assert told == set().union(*HAS.values())
