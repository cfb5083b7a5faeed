"""A site's edge, an origin that answers what it is told, and a clock that the test moves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from isrgen.caching.keys import selecting_fields
from isrgen.caching.policy import Lifetime
from isrgen.caching.stored import HeaderPairs
from isrgen.edge.driver import Edge
from isrgen.edge.exchange import Exchange, Served
from isrgen.edge.store import Store
from isrgen.edge.stores.memory import MemoryStore
from isrgen.http.answer import Answer, Shared
from isrgen.http.headers import Headers

LONG = Shared(Lifetime(60, 600, 6000), tags=("t",))


def answer(body: str = "page", shared: Shared | None = LONG, **facts: object) -> Answer:
    headers = Headers({"Content-Type": "text/html", "ETag": '"mine"', "Expires": "0"})
    made = Answer(200, headers, body.encode(), shared=shared)
    for name, value in facts.items():
        setattr(made, name, value)
    return made


@dataclass
class World:
    """One edge, and an origin that answers what it is told and waits while ``gate`` is shut."""

    store: Store = field(default_factory=MemoryStore)
    build: str = "b"
    behind: str | None = None
    deadline: float = 5.0
    now: float = 1000.0
    answers: list[Answer] = field(default_factory=lambda: [answer()])
    cleaned: list[HeaderPairs] = field(default_factory=list)
    renders: int = 0

    def __post_init__(self) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self.edge = Edge(
            self.store,
            clock=lambda: self.now,
            behind=self.behind,
            build=self.build,
            deadline=self.deadline,
            max_regenerations=2,
            regenerate=lambda key, headers: self.clean(headers),
        )

    async def render(self) -> Answer:
        made = self.answers[min(self.renders, len(self.answers) - 1)]
        self.renders += 1
        await self.gate.wait()
        return replace(made, headers=made.headers.copy())

    async def clean(self, headers: HeaderPairs) -> Answer:
        self.cleaned.append(headers)
        return await self.render()

    async def get(self, key: str = "/", language: str = "", bypass: str = "") -> Served:
        headers = [("Accept-Language", language), ("Cookie", "a=1")]
        return await self.edge.serve(
            Exchange(key, bypass, lambda names: selecting_fields(names, headers), self.render, self.clean)
        )

    async def rest(self) -> None:
        for _ in range(60):
            await asyncio.sleep(0)


def play(script: Callable[[World], Awaitable[None]], **facts: object) -> None:
    async def run() -> None:
        world = World(**facts)  # type: ignore[arg-type]
        await world.edge.start()
        try:
            await script(world)
        finally:
            world.gate.set()
            await world.edge.close()

    asyncio.run(run())
