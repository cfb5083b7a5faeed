"""Two edges on one disk store are two workers of one server."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from isrgen.caching.policy import Lifetime
from isrgen.caching.stored import HeaderPairs
from isrgen.edge.driver import Edge
from isrgen.edge.exchange import Exchange
from isrgen.edge.stores.disk import DiskStore
from isrgen.http.answer import Answer, Shared
from isrgen.http.context import Purge
from isrgen.http.headers import Headers


class Workers:
    """Workers whose renders are counted together."""

    def __init__(self, path: Path) -> None:
        self.now = 1000.0
        self.renders = 0
        self.shared: Shared | None = Shared(Lifetime(60, 600), tags=("t",))
        self.gate = asyncio.Event()
        self.gate.set()
        self.edges = [
            Edge(DiskStore(path), clock=lambda: self.now, build="b", regenerate=lambda key, _: self.render())
            for _ in range(2)
        ]

    async def render(self) -> Answer:
        self.renders += 1
        body = f"v{self.renders}".encode()
        await self.gate.wait()
        return Answer(200, Headers(), body, shared=self.shared)

    async def get(self, worker: int) -> str:
        async def clean(headers: HeaderPairs) -> Answer:
            return await self.render()

        exchange = Exchange("/", "", lambda names: (), self.render, clean)
        return (await self.edges[worker].serve(exchange)).body.decode()


def play(path: Path, script: Callable[[Workers], Awaitable[None]]) -> None:
    async def run() -> None:
        workers = Workers(path)
        try:
            await script(workers)
        finally:
            workers.gate.set()
            for edge in workers.edges:
                await edge.close()

    asyncio.run(run())


def test_one_render_answers_the_visitors_of_every_worker(tmp_path: Path) -> None:
    async def script(workers: Workers) -> None:
        workers.gate.clear()
        visits = [asyncio.ensure_future(workers.get(number % 2)) for number in range(10)]
        while workers.renders == 0:
            await asyncio.sleep(0.01)
        workers.gate.set()
        assert set(await asyncio.gather(*visits)) == {"v1"}
        assert workers.renders == 1

    play(tmp_path / "edge.db", script)


def test_no_worker_sends_an_older_page_than_another_has_sent(tmp_path: Path) -> None:
    async def script(workers: Workers) -> None:
        assert await workers.get(0) == await workers.get(1) == "v1"
        workers.now += 100
        assert await workers.get(0) == "v1"
        while (seen := await workers.get(0)) == "v1":
            await asyncio.sleep(0.01)
        assert await workers.get(1) == seen

    play(tmp_path / "edge.db", script)


def test_a_purge_reaches_every_worker_before_it_returns(tmp_path: Path) -> None:
    async def script(workers: Workers) -> None:
        assert await workers.get(0) == await workers.get(1) == "v1"
        await workers.edges[0].purge([Purge(tag="t", hard=True)])
        assert await workers.get(1) == "v2"

    play(tmp_path / "edge.db", script)


def test_a_key_that_is_private_in_one_worker_is_not_shared_in_another(tmp_path: Path) -> None:
    async def script(workers: Workers) -> None:
        workers.shared = None
        visits = [workers.get(number % 2) for number in range(6)]
        assert len(set(await asyncio.gather(*visits))) == 6

    play(tmp_path / "edge.db", script)
