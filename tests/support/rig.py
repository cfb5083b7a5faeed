"""A cache, an origin that answers what it is told, and a clock that the test moves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from isrgen.caching.dates import http_date
from isrgen.caching.stored import HeaderPairs
from isrgen.edge.counters import Count
from isrgen.edge.exchange import Served
from isrgen.edge.http_cache import HttpCache
from isrgen.edge.origin import OriginError, OriginRequest, OriginResponse, TruncatedError
from isrgen.edge.store import Store
from isrgen.edge.stores.memory import MemoryStore

START = 1_800_000_000.0


@dataclass
class Answer:
    """What the origin sends; ``cut`` breaks its body off, ``error`` is in place of all.

    ``pause`` is how many seconds pass before each half of the body.
    """

    headers: Sequence[tuple[str, str]] = (("cache-control", "max-age=60"),)
    body: bytes = b"whole"
    status: int = 200
    cut: bool = False
    error: OriginError | None = None
    pause: float = 0.0


@dataclass
class Got:
    """What a visitor got."""

    status: int
    headers: HeaderPairs
    body: bytes
    served: Served

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]

    def get(self, name: str) -> str | None:
        return ", ".join(self.all(name)) or None

    @property
    def age(self) -> int | None:
        return self.served.age

    @property
    def cache(self) -> str:
        return str(self.served.cache_status)

    @property
    def hit(self) -> bool:
        return self.served.cache_status.hit


class Body:
    """A body in two pieces; it is among the rig's ``open`` ones until it is read to its end or closed."""

    def __init__(self, rig: Rig, request: OriginRequest, answer: Answer) -> None:
        has_body = request.method != "HEAD" and answer.status not in (204, 304)
        half = len(answer.body) // 2
        self._pieces = [answer.body[:half], answer.body[half:]] if has_body else []
        self._cut = answer.cut
        self._pause = answer.pause
        self._rig = rig
        rig.open.add(self)

    def __aiter__(self) -> Body:
        return self

    async def __anext__(self) -> bytes:
        if self._cut and len(self._pieces) < 2:
            await self.aclose()
            raise TruncatedError("cut off")
        if not self._pieces:
            await self.aclose()
            raise StopAsyncIteration
        self._rig.now += self._pause
        return self._pieces.pop(0)

    async def aclose(self) -> None:
        self._pieces = []
        self._rig.open.discard(self)


@dataclass
class Rig:
    """Answers are taken in turn, the last one again and again, while ``gate`` is open."""

    answers: list[Answer] = field(default_factory=lambda: [Answer()])
    store: Store = field(default_factory=MemoryStore)
    now: float = START
    max_body: int = 10_000
    max_regenerations: int = 4
    deadline: float = 5.0
    slow: float = 0.0
    asked: list[OriginRequest] = field(default_factory=list)
    open: set[Body] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self.cache = HttpCache(
            self.store,
            self,
            clock=lambda: self.now,
            deadline=self.deadline,
            max_body=self.max_body,
            max_regenerations=self.max_regenerations,
        )

    def say(self, *answers: Answer) -> None:
        """From now on the origin answers so."""
        self.answers = [*[Answer()] * len(self.asked), *answers]

    async def fetch(self, request: OriginRequest) -> OriginResponse:
        number = len(self.asked)
        self.asked.append(request)
        answer = self.answers[min(number, len(self.answers) - 1)]
        await self.gate.wait()
        self.now += self.slow
        if answer.error is not None:
            raise answer.error
        return OriginResponse(answer.status, tuple(answer.headers), Body(self, request, answer))

    async def close(self) -> None:
        return None

    async def get(
        self,
        target: str = "/",
        *headers: tuple[str, str],
        method: str = "GET",
        host: str = "example.org",
        scheme: str = "http",
        body: bytes | None = None,
    ) -> Got:
        pieces = None if body is None else _pieces(body)
        served = await self.cache.serve(OriginRequest(method, scheme, host, target, headers, pieces))
        whole = served.body
        if served.stream is not None:
            whole = b"".join([chunk async for chunk in served.stream])
        return Got(served.status, served.headers, whole, served)

    async def rest(self) -> None:
        for _ in range(80):
            await asyncio.sleep(0)

    def count(self, count: Count) -> int:
        return self.cache.edge.counters.totals()[count]

    def date(self, seconds: float = 0) -> str:
        return http_date(self.now + seconds)


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    yield body


Script = Callable[[Rig], Awaitable[None]]


def play(script: Script, *answers: Answer, **facts: object) -> None:
    """Run a script against a rig of its own."""

    async def whole() -> None:
        rig = Rig(list(answers) or [Answer()], **facts)  # type: ignore[arg-type]
        await rig.cache.start()
        try:
            await script(rig)
        finally:
            rig.gate.set()
            await rig.cache.close()
        assert rig.open == set()

    asyncio.run(whole())


def said(*headers: tuple[str, str], body: bytes = b"whole", status: int = 200) -> Answer:
    """An answer with just these fields."""
    return Answer(headers, body, status)
