"""Every cache play on the real ``isrgen serve``: one worker with its memory, two with a disk store.

Plays are mostly waiting, so they are performed side by side, each on a server
of its own; every test then tells what came of its play.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import play as plays
import pytest
from play import Behaviour, Reply

SITE = Path(__file__).parent / "site"
ARRANGEMENTS = {"one worker": ("--workers", "1"), "two workers": ("--workers", "2")}
PURGES = frozenset({"purge-by-tag", "purge-by-path"})
HAS = {"one worker": PURGES | {"one-process"}, "two workers": PURGES}
SIDE_BY_SIDE = 4

Performed = dict[tuple[str, str], Exception | None]


@dataclass
class ServeStage:
    """A real server; requests go over sockets, one connection each."""

    port: int
    control: Path
    has: frozenset[str]

    async def behave(self, behaviour: Behaviour) -> None:
        fresh = self.control / "behaviour.new"
        fresh.write_text(json.dumps(asdict(behaviour)))
        fresh.replace(self.control / "behaviour.json")

    async def request(
        self, method: str, path: str, headers: list[tuple[str, str]], body: bytes | None = None
    ) -> Reply:
        return await asyncio.to_thread(self._request, method, path, headers, body)

    def _request(self, method: str, path: str, headers: list[tuple[str, str]], body: bytes | None) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        began = time.monotonic()
        try:
            connection.request(method, path, body, dict(headers))
            response = connection.getresponse()
            text = response.read().decode()
            seconds = time.monotonic() - began
            found = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, found, text, seconds)
        finally:
            connection.close()

    async def wait(self, seconds: float) -> None:
        # A request that was started has to be on its way before the next step.
        await asyncio.sleep(seconds or 0.1)

    async def purge(self, kind: str, name: str, hard: bool) -> None:
        body = json.dumps({"kind": kind, "name": name, "hard": hard}).encode()
        reply = await self.request("POST", "/api/purge", [("Content-Type", "application/json")], body)
        assert reply.status == 204, reply

    async def renders(self) -> int:
        count = self.control / "renders"
        return count.stat().st_size if count.exists() else 0


async def perform(path: Path, arrangement: str, folder: Path, site: Path) -> Exception | None:
    """One play on a server of its own."""
    folder.mkdir(parents=True)
    command = [sys.executable, "-m", "isrgen.cli", "serve", "--no-build", "--port", "0"]
    store = f"disk:{folder}/edge" if arrangement == "two workers" else "memory:"
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *command, "--site", str(site), "--store", store, *ARRANGEMENTS[arrangement],
            env={**os.environ, "ISRGEN_PLAY_CONTROL": str(folder), "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=log,
        )  # fmt: skip
    try:
        assert process.stdout is not None
        line = (await process.stdout.readline()).decode()
        port = int(line.partition("http://127.0.0.1:")[2].partition("/")[0])
        await plays.run(plays.load(path), ServeStage(port, folder, HAS[arrangement]))
    except Exception as error:
        # A play that breaks tells of itself; the others go on.
        return error
    finally:
        process.terminate()
        await process.wait()
    return None


@pytest.fixture(scope="module")
def performed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Performed:
    """What came of each play that this run asks for, by its name and arrangement."""
    folder = tmp_path_factory.mktemp("plays")
    site = shutil.copytree(SITE, folder / "site")
    build = [sys.executable, "-m", "isrgen.cli", "build", "--site", str(site)]
    subprocess.run(build, check=True, capture_output=True)
    wanted = [
        (item.callspec.params["path"], item.callspec.params["arrangement"])
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.originalname == "test_the_server_plays"
    ]
    return asyncio.run(_perform_all(wanted, folder, site))


async def _perform_all(wanted: list[tuple[Path, str]], folder: Path, site: Path) -> Performed:
    places = asyncio.Semaphore(SIDE_BY_SIDE)

    async def one(path: Path, arrangement: str) -> None:
        async with places:
            place = folder / arrangement.replace(" ", "-") / path.stem
            found[path.stem, arrangement] = await perform(path, arrangement, place, site)

    found: Performed = {}
    await asyncio.gather(*(one(path, arrangement) for path, arrangement in wanted))
    return found


# A play is for the caches that have what it needs.
CAST = [
    pytest.param(path, arrangement, id=f"{path.stem}-{arrangement.replace(' ', '-')}")
    for path in plays.PLAYS
    for arrangement in ARRANGEMENTS
    if plays.load(path).needs <= HAS[arrangement]
]


@pytest.mark.parametrize(("path", "arrangement"), CAST)
def test_the_server_plays(path: Path, arrangement: str, performed: Performed) -> None:
    error = performed[path.stem, arrangement]
    if error is not None:
        raise error
