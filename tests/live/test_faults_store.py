"""A store that breaks under a site that is visited: every answer is the right page, and pages are kept again.

What happens when Redis goes is in ``test_redis.py``.
"""

from __future__ import annotations

import asyncio
import http.client
import itertools
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import programs
import pytest
from faults_site import build

from isrgen.caching.policy import Lifetime
from isrgen.caching.stored import Stored
from isrgen.edge.stores.disk import DiskStore

PATIENCE = 30
LONG = "x" * 3000
"""Makes a page larger than a page of the store's file."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("faults") / "site")


@pytest.fixture
def serve(site: Path, tmp_path: Path) -> Iterator[Callable[[Path], programs.Program]]:
    running: list[programs.Program] = []

    def start(store: Path) -> programs.Program:
        arguments = ["--site", str(site), "--store", f"disk:{store}", "--workers", "2"]
        running.append(programs.isrgen(tmp_path / f"server{len(running)}", "serve", "--no-build", *arguments))
        programs.wait_for_workers(running[-1].port, 2)
        return running[-1]

    yield start
    for program in running:
        program.end()


@dataclass
class Visitors:
    """Who asks for pages all the time, new ones and old ones, and what was not as it should be."""

    port: int
    patience: float = PATIENCE
    wrong: list[str] = field(default_factory=list)
    broken: int = 0
    answers: itertools.count[int] = field(default_factory=itertools.count)
    answered: int = 0

    def ask(self, name: object) -> str:
        """One page; its Cache-Status."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.patience)
        try:
            connection.request("GET", f"/{name}/?page={LONG}")
            response = connection.getresponse()
            body = response.read().decode()
        finally:
            connection.close()
        if (response.status, body) != (200, f"page {name} {LONG}"):
            self.wrong.append(f"{name}: {response.status} {body[:100]!r}")
        self.answered = next(self.answers)
        return response.headers["Cache-Status"]

    @contextmanager
    def visiting(self) -> Iterator[None]:
        """They go on asking until the block ends. A connection may break where a worker is killed."""
        over = threading.Event()

        def go(name: str) -> None:
            for step in itertools.count():
                if over.is_set():
                    return
                try:
                    self.ask(f"{name}{step // 2 if step % 2 else step}")
                except (http.client.HTTPException, OSError):
                    self.broken += 1

        threads = [threading.Thread(target=go, args=(name,)) for name in "abcd"]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            over.set()
            for thread in threads:
                thread.join()

    def go_on(self, count: int = 60) -> None:
        """Wait until so many more were answered."""
        wanted, give_up = self.answered + count, time.monotonic() + PATIENCE
        while self.answered < wanted:
            assert time.monotonic() < give_up, "nobody is answered any more"
            time.sleep(0.01)

    def until_kept(self, name: str) -> None:
        """Ask until a page is answered from the store again."""
        give_up = time.monotonic() + PATIENCE
        while "hit" not in self.ask(name):
            assert time.monotonic() < give_up, "nothing is kept any more"
            time.sleep(0.05)


def test_a_store_file_that_is_damaged_costs_the_cache_and_nothing_else(
    serve: Callable[[Path], programs.Program], tmp_path: Path
) -> None:
    store = tmp_path / "edge"
    server = serve(store)
    visitors = Visitors(server.port)
    for damage in ("noise", "cut", "emptied", "deleted"):
        with visitors.visiting():
            visitors.go_on()
            _damage(store, damage)
            visitors.go_on()
        visitors.until_kept(f"after-{damage}")
        assert (visitors.wrong, visitors.broken) == ([], 0), damage
    server.end()
    _damage(store, "cut")
    visitors.port = serve(store).port
    for damage in ("noise", "cut", "emptied", "deleted"):
        visitors.until_kept(f"after-{damage}")
    assert visitors.wrong == []


def _damage(store: Path, how: str) -> None:
    for path in (store, store.with_name(f"{store.name}-wal")):
        with suppress(FileNotFoundError):
            size = path.stat().st_size
            if how == "deleted":
                path.unlink()
            elif how == "noise":
                with path.open("r+b") as file:
                    for start in range(0, size, 4096):
                        file.seek(start)
                        file.write(os.urandom(min(512, size - start)))
            else:
                os.truncate(path, size // 2 if how == "cut" else 0)


def test_workers_that_are_killed_while_they_write_leave_only_right_pages(
    serve: Callable[[Path], programs.Program], tmp_path: Path
) -> None:
    store = tmp_path / "edge"
    program = serve(store)
    # Who waits for a render of a worker that was killed waits until its lease ends; not all of them here.
    visitors = Visitors(program.port, patience=5)
    with visitors.visiting():
        for _ in range(2):
            visitors.go_on()
            os.kill(programs.workers(program.process.pid)[0], signal.SIGKILL)
        visitors.go_on()
    visitors.until_kept("after")
    # Then all of them at once, the server as well.
    for pid in (*programs.workers(program.process.pid), program.process.pid):
        os.kill(pid, signal.SIGKILL)
    program.process.wait(PATIENCE)
    visitors.port = serve(store).port
    assert "hit" in visitors.ask("after")
    assert sum("hit" in visitors.ask(f"{name}{number}") for name in "abcd" for number in range(5)) > 10
    assert visitors.wrong == []


def test_a_full_disk_costs_the_cache_and_nothing_else(
    serve: Callable[[Path], programs.Program], small_disk: Path
) -> None:
    visitors = Visitors(serve(small_disk / "edge").port)
    with visitors.visiting():
        visitors.go_on(300)
    visitors.ask("before")
    filler = _fill(small_disk)
    with visitors.visiting():
        visitors.go_on()
    assert "hit" in visitors.ask("before")
    filler.unlink()
    visitors.until_kept("after")
    assert (visitors.wrong, visitors.broken) == ([], 0)


def test_a_store_whose_disk_is_smaller_than_it_may_grow_goes_on_keeping(small_disk: Path) -> None:
    async def play() -> None:
        store = DiskStore(small_disk / "edge")
        epoch = await store.epoch()
        for number in range(300):
            body = os.urandom(200_000)
            stored = Stored(200, (), body, '"e"', Lifetime(60), 1000.0)
            assert await store.put(f"/{number}/", stored, epoch)
            assert [kept.body for kept in await store.get(f"/{number}/")] == [body]
        assert (await store.usage()).entries > 50
        await store.close()

    asyncio.run(play())


def _fill(folder: Path) -> Path:
    filler = folder / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while file.write(b"x" * 4096):
            pass
    return filler


@pytest.fixture
def small_disk(make_disk: Callable[[int], Path]) -> Path:
    return make_disk(32)
