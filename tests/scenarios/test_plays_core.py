"""Every cache play on the pure core and the edge, with a clock that only the play moves."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import ClassVar
from urllib.parse import parse_qsl

import play as plays
import pytest
from play import Behaviour, Play, Reply

from isrgen.caching.invalidation import tags_of
from isrgen.caching.keys import cache_key, parse_key, selecting_fields
from isrgen.caching.policy import CachePolicy, Lifetime
from isrgen.caching.privacy import Read, What, judge
from isrgen.caching.stored import HeaderPairs
from isrgen.caching.storing import asked_lifetime
from isrgen.caching.urls import changes_state
from isrgen.caching.validation import Representation, cut, evaluate
from isrgen.edge.driver import Edge
from isrgen.edge.exchange import Exchange, Served
from isrgen.edge.store import Store
from isrgen.edge.stores.disk import DiskStore
from isrgen.edge.stores.memory import MemoryStore
from isrgen.http.answer import Answer, Shared
from isrgen.http.context import Purge
from isrgen.http.headers import Headers

ROUTES = {
    "/": CachePolicy(query=("page",), vary=("accept-language",), bypass_cookies=("session",)),
    "/declared/": CachePolicy(lifetime=Lifetime(4, 30), bypass_cookies=("session",)),
    "/api/echo": CachePolicy(),
}
NOT_FOUND_TTL = 2
DRAFT = "__isrgen_draft=signed"
WHATS = {"cookie": What.COOKIE, "header": What.HEADER, "query": What.QUERY}


class Clock:
    """Time stands still but for ``pass_``, which wakes whoever sleeps."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self._sleepers: list[tuple[float, asyncio.Event]] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        event = asyncio.Event()
        self._sleepers.append((self.now + seconds, event))
        await event.wait()

    def next_wake(self) -> float | None:
        return min((when for when, _ in self._sleepers), default=None)

    def pass_to(self, moment: float) -> None:
        self.now = max(self.now, moment)
        due = [event for when, event in self._sleepers if when <= self.now]
        self._sleepers = [(when, event) for when, event in self._sleepers if when > self.now]
        for event in due:
            event.set()


class Site:
    """The pages: what site/ does, without a server."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.behaviour = Behaviour()
        self.count = 0
        self.released = asyncio.Event()

    async def render(self, path: str, told: Mapping[str, str]) -> Answer:
        policy, now = ROUTES[path], self.behaviour
        self.count += 1
        if now.delay:
            await self.clock.sleep(now.delay)
        if now.held:
            await self.released.wait()
        headers = Headers({"Content-Type": "text/plain"})
        if now.cache_control:
            headers.set("Cache-Control", now.cache_control)
        for name, value in now.headers:
            headers.set(name, value)
        reads = (read.partition(":") for read in (*now.reads, *((now.echo,) if now.echo else ())))
        judgment = judge(
            [Read(WHATS[kind], name) for kind, _, name in reads],
            policy,
            asked=asked_lifetime(now.status, headers.pairs(), policy.lifetime, NOT_FOUND_TTL),
            status=now.status,
            set_cookie="set-cookie" in headers,
            vary=headers.getall("vary"),
        )
        shared = None
        if judgment.lifetime is not None:
            shared = Shared(judgment.lifetime, judgment.vary, tags_of(policy.tags, {}, now.tags))
        echo = f":{told.get(now.echo.partition(':')[2], '')}" if now.echo else ""
        body = f"v{now.version}{echo}".encode()
        degraded = now.degraded or None
        return Answer(now.status, headers, body, shared=shared, degraded=degraded, reason=judgment.reason)


class CoreStage:
    """The edge on one store; requests are calls."""

    has = frozenset(
        {
            "purge-by-tag", "purge-by-path", "purge-epoch", "recorded-reads", "degraded", "stale-if-error",
            "query-normalised", "draft", "one-process", "site-rules", "unsafe-invalidates",
        }
    )  # fmt: skip
    means: ClassVar[Mapping[str, str]] = {}

    def __init__(self, store: Store) -> None:
        self.clock = Clock()
        self.site = Site(self.clock)
        self.store = store
        self.edge = Edge(
            store,
            clock=self.clock,
            build="b",
            regenerate=lambda key, varied: self.site.render(parse_key(key)[0], dict(varied)),
        )

    async def behave(self, behaviour: Behaviour) -> None:
        self.site.behaviour = behaviour
        if behaviour.held:
            self.site.released.clear()
        else:
            self.site.released.set()

    async def request(self, method: str, path: str, headers: list[tuple[str, str]]) -> Reply:
        began = self.clock.now
        answering = asyncio.ensure_future(self._answer(method, path, headers))
        while not answering.done():
            await _settle(self.store)
            wake = self.clock.next_wake()
            if not answering.done() and wake is not None and not self.site.behaviour.held:
                self.clock.pass_to(wake)
        asked = {name.lower(): value for name, value in headers}
        return _reply(await answering, method, asked, self.clock.now - began)

    async def _answer(self, method: str, target: str, headers: list[tuple[str, str]]) -> Served:
        path, _, query = target.partition("?")
        policy = ROUTES[path]
        names = {name.lower(): value for name, value in headers}
        bypass = "authorization" if "authorization" in names else ""
        if names.get("cookie") == DRAFT:
            bypass = "draft"
        if names.get("cookie", "").partition("=")[0] in policy.bypass_cookies:
            bypass = "cookie"

        async def clean(varied: HeaderPairs) -> Answer:
            return await self.site.render(path, dict(varied))

        exchange = Exchange(
            key=cache_key(path, parse_qsl(query), policy),
            bypass=bypass if method in ("GET", "HEAD") else "method",
            selecting=lambda fields: selecting_fields(fields, headers),
            visitor=lambda: self.site.render(path, names),
            clean=clean,
        )
        served = await self.edge.serve(exchange)
        if changes_state(method, served.status):
            await self.edge.invalidate(exchange.key)
        return served

    async def wait(self, seconds: float) -> None:
        end = self.clock.now + seconds
        await _settle(self.store)
        while (wake := self.clock.next_wake()) is not None and wake <= end:
            self.clock.pass_to(wake)
            await _settle(self.store)
        self.clock.pass_to(end)
        await _settle(self.store)

    async def purge(self, kind: str, name: str, hard: bool) -> None:
        await self.edge.purge([Purge(hard=hard, **{kind: name})])

    async def renders(self) -> int:
        return self.site.count

    async def draft(self) -> str:
        return DRAFT

    async def kill(self) -> None:
        raise NotImplementedError

    async def store_there(self, there: bool) -> None:
        raise NotImplementedError


def _reply(served: Served, method: str, asked: Mapping[str, str], seconds: float) -> Reply:
    """What the server makes of it: HEAD, conditions and ranges are decided by ``caching.validation``."""
    headers = {name.lower(): value for name, value in served.headers}
    headers["cache-status"] = str(served.cache_status)
    status, body = served.status, served.body
    if served.etag:
        headers["etag"] = served.etag
        if status == 200:
            what = Representation(len(body), served.etag)
            verdict = evaluate(method, asked.get, what)
            status, body = verdict.status, cut(verdict, body, what)
    return Reply(status, headers, "" if method == "HEAD" else body.decode(), seconds)


async def _settle(store: Store) -> None:
    """Let every task come to rest.

    A step of a task waits for at most one call into the store, and the store's
    threads do their work in order: when these calls are back, so are the
    earlier ones.
    """
    for _ in range(16):
        await store.usage()
        await store.release("nobody", "nobody")
        for _ in range(8):
            await asyncio.sleep(0)


# A play is for the caches that have what it needs; here are no processes to kill.
CAST = [path for path in plays.PLAYS if plays.load(path).needs <= CoreStage.has]


@pytest.mark.parametrize("path", CAST, ids=lambda path: path.stem)
@pytest.mark.parametrize("store", ["memory", "disk"])
def test_the_core_plays(path: Path, store: str, tmp_path: Path) -> None:
    play: Play = plays.load(path)

    async def perform() -> None:
        async with AsyncExitStack() as stack:
            kept = MemoryStore() if store == "memory" else DiskStore(tmp_path / "edge.db")
            stage = CoreStage(kept)
            stack.push_async_callback(stage.edge.close)
            await plays.run(play, stage)

    asyncio.run(perform())


def test_a_step_that_does_not_exist_is_named_with_its_line() -> None:
    with pytest.raises(ValueError, match=r"p:2: there is no step 'dance'"):
        plays.parse("p", "# A play\ndance /\n")


def test_a_play_that_does_not_hold_is_told_with_its_line() -> None:
    play = plays.parse("p", "# A play\norigin s-maxage=4\nget / -> v1 hit\n")

    async def perform() -> None:
        stage = CoreStage(MemoryStore())
        await plays.run(play, stage)

    with pytest.raises(AssertionError, match=r"p.play:3: get /: expected hit, got 200 'v1'"):
        asyncio.run(perform())
