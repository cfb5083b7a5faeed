"""What may happen to a cache in front of an origin, in any order, and a check of all that it sends."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

from fuzz_checks import begin, check
from fuzz_world import OWN, Pairs, Policy, Reply, Visitor, World, tag_of
from fuzzing import settled
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from isrgen.edge.exchange import Served
from isrgen.edge.http_cache import HttpCache
from isrgen.edge.origin import OriginError, OriginRequest, OriginResponse, TruncatedError
from isrgen.edge.store import Store
from isrgen.edge.stores.memory import MemoryStore
from isrgen.http.context import Purge

T = TypeVar("T")
HOST = "http://example.org"
URLS = st.sampled_from(["/a", "/a", "/a?page=2", "/b"])
VISITORS = st.builds(
    Visitor,
    st.sampled_from(["", "", "user=anna", "user=bert"]),
    st.sampled_from(["", "", "", "Bearer anna", "Bearer bert"]),
    st.sampled_from(["", "de", "en, de;q=0.5"]),
)
SECONDS = st.sampled_from([0.4, 1.0, 5.0, 9.0, 30.0, 61.0, 100.0, 1000.0, 86_000.0])
LIFETIMES = st.sampled_from([0, 1, 10, 60])
WINDOWS = st.sampled_from([0, 0, 10, 600])
WORDS = st.lists(
    st.sampled_from(["public", "must-revalidate", "proxy-revalidate", "no-cache"]), unique=True, max_size=2
).map(tuple)
POLICIES = st.builds(
    Policy,
    st.sampled_from(["all", "all", "all", "language", "cookie", "authorization", "own"]),
    LIFETIMES,
    WINDOWS,
    WINDOWS,
    st.just(()) | WORDS,
    st.sampled_from(["max-age", "s-maxage", "expires", "targeted"]),
    st.sampled_from([0, 0, 7]),
    st.sampled_from([("etag",), ("etag", "modified"), ("modified",), ()]),
    st.sampled_from(sorted(OWN)),
).map(Policy.honest)
EXTRAS = st.sampled_from(["", "", "", "", "known", "another", "range", "if-range", "since"])


class Origin:
    """Answers as the world says, once the gate is open."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.gate = asyncio.Event()
        self.gate.set()
        self.open: set[object] = set()
        self.under_way: Counter[str] = Counter()
        self.most: Counter[str] = Counter()

    async def fetch(self, request: OriginRequest) -> OriginResponse:
        number, at, url = self.world.next(), self.world.now, request.target
        assert request.host == "example.org"
        self.under_way[url] += 1
        self.most[url] = max(self.most[url], self.under_way[url])
        try:
            await self.gate.wait()
        finally:
            self.under_way[url] -= 1
        if request.method not in ("GET", "HEAD"):
            body = Body(self, Reply(200, (), b"done"), request.method)
            return OriginResponse(200, (("location", "/b"),), body)
        reply = self.world.reply(request.method, url, request.headers, number, at)
        if reply is None:
            raise OriginError("nobody answers")
        return OriginResponse(reply.status, reply.headers, Body(self, reply, request.method))

    async def close(self) -> None:
        return None


class Body:
    """In two pieces; it is among the origin's ``open`` ones until it is read or closed."""

    def __init__(self, origin: Origin, reply: Reply, method: str) -> None:
        self._origin, self._reply = origin, reply
        self._pieces = [reply.body[:9], reply.body[9:]] if method != "HEAD" else []
        origin.open.add(self)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if len(self._pieces) == 1 and self._reply.broken:
            await self.aclose()
            raise TruncatedError("broken off")
        if not self._pieces:
            await self.aclose()
            raise StopAsyncIteration
        return self._pieces.pop(0)

    async def aclose(self) -> None:
        self._pieces = []
        self._origin.open.discard(self)


class CacheMachine(RuleBasedStateMachine):
    """``open_store`` gives what it keeps things in; ``pause`` what that needs to get on, in seconds."""

    pause = 0.0

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.world = World()
        self.origin = Origin(self.world)
        self.cache = HttpCache(self.open_store(), self.origin, clock=lambda: self.world.now, deadline=30.0)

    def open_store(self) -> Store:
        return MemoryStore()

    @initialize(policies=st.tuples(POLICIES, POLICIES, POLICIES))
    def begin(self, policies: tuple[Policy, Policy, Policy]) -> None:
        for url, policy in zip(("/a", "/a?page=2", "/b"), policies, strict=True):
            self.world.publish(url, policy)
        self.run(self.cache.start)

    def run(self, work: Callable[[], Awaitable[T]]) -> T:
        return self.runner.run(settled(work))

    @rule(url=URLS, policy=POLICIES)
    def publish(self, url: str, policy: Policy) -> None:
        self.world.publish(url, policy)

    @rule(url=URLS, policy=POLICIES)
    def say_something_else_of_the_same(self, url: str, policy: Policy) -> None:
        self.world.publish(url, policy, same=policy.kind == self.world.resource(url).policy.kind)

    @rule(url=URLS, words=st.sampled_from([(), ("public",)]), method=st.sampled_from(["HEAD", "GET"]))
    def say_it_to_one_who_is_known(self, url: str, words: tuple[str, ...], method: str) -> None:
        """RFC 9111 section 3.5: what is said to one with authorization is not for all by itself."""
        old = self.world.resource(url).policy
        if old.kind != "all":
            return
        public = replace(old, shape="max-age", words=("public",), fresh=60)
        for visitor, how, policy in (
            (Visitor(), "GET", public),
            (Visitor(authorization="Bearer anna"), method, replace(public, words=words)),
            (Visitor(), "GET", public),
        ):
            self.world.publish(url, policy, same=True)
            self.visit(visitor, url, how, "")
            self.world.now += 61 if visitor == Visitor() else 1

    @rule(seconds=SECONDS)
    def wait(self, seconds: float) -> None:
        self.world.now += seconds

    @rule(seconds=st.sampled_from([2.0, 100.0]))
    def set_the_clock_back(self, seconds: float) -> None:
        self.world.now -= seconds
        self.world.was_set_back = True

    @rule(how=st.sampled_from(["503", "gone", "cut"]), times=st.integers(1, 4))
    def fail(self, how: str, times: int) -> None:
        self.world.failures = [how] * times

    @rule(url=URLS, hard=st.booleans(), by_tag=st.booleans())
    def purge(self, url: str, hard: bool, by_tag: bool) -> None:
        self.run(lambda: self.purge_now(url, hard, by_tag))

    async def purge_now(self, url: str, hard: bool, by_tag: bool) -> None:
        if by_tag:
            purge, urls = Purge(tag=tag_of(url), hard=hard), [url]
        else:
            purge = Purge(path=HOST + url, hard=hard)
            urls = [one for one in self.world.resources if one == url or one.startswith(f"{url}?")]
        await self.carry_out(purge)
        self.world.purged(urls, hard)

    async def carry_out(self, purge: Purge) -> None:
        await self.cache.purge([purge])

    @rule(hard=st.booleans())
    def purge_everything(self, hard: bool) -> None:
        async def whole() -> None:
            await self.carry_out(Purge(tag="all-of-them", hard=hard))
            self.world.purged(list(self.world.resources), hard)

        self.run(whole)

    @rule(visitor=VISITORS, url=URLS)
    def post(self, visitor: Visitor, url: str) -> None:
        request = OriginRequest("POST", "http", "example.org", url, visitor.headers)
        served = self.run(lambda: self.cache.serve(request))
        assert served.status == 200
        self.run(lambda: self.whole_body(served))
        changed = [url, "/b", *(["/a?page=2"] if url == "/a" else [])]
        self.world.purged(changed, hard=True)

    @rule(visitor=VISITORS, url=URLS, method=st.sampled_from(["GET", "GET", "GET", "HEAD"]), extra=EXTRAS)
    def visit(self, visitor: Visitor, url: str, method: str, extra: str) -> None:
        self.run(lambda: self.visit_now(visitor, url, method, self.extra_headers(url, extra)))

    async def visit_now(self, visitor: Visitor, url: str, method: str = "GET", extra: Pairs = ()) -> None:
        visit = begin(self.world, visitor, method, url, extra)
        served = await self.cache.serve(OriginRequest(method, "http", "example.org", url, visit.headers))
        body = await self.whole_body(served)
        if body is not None:
            check(self.world, visit, served, body)

    async def whole_body(self, served: Served) -> bytes | None:
        """None where it broke off, which a visitor is told by the connection that ends."""
        if served.stream is None:
            return served.body
        try:
            return b"".join([chunk async for chunk in served.stream])
        except TruncatedError:
            assert self.world.failed
            return None

    def extra_headers(self, url: str, extra: str) -> Pairs:
        known = sorted(made.etag for made in self.world.made.values() if made.url == url)
        etag = known[-1] if known else '"none"'
        return {
            "": (),
            "known": (("if-none-match", ", ".join(["W/" + etag, *known])),),
            "another": (("if-none-match", '"other"'),),
            "range": (("range", "bytes=3-20"),),
            "if-range": (("range", "bytes=3-20"), ("if-range", etag)),
            "since": (("if-modified-since", "Sun, 06 Nov 1994 08:49:37 GMT"),),
        }[extra]

    @rule(
        visitors=st.lists(VISITORS, min_size=2, max_size=5),
        url=URLS,
        meanwhile=st.sampled_from(["", "", "", "wait", "soft", "hard", "publish", "fail", "purge-twice"]),
        policy=POLICIES,
    )
    def visit_at_once(self, visitors: list[Visitor], url: str, meanwhile: str, policy: Policy) -> None:
        self.run(lambda: self.crowd(visitors, url, meanwhile, policy))

    async def crowd(self, visitors: list[Visitor], url: str, meanwhile: str, policy: Policy) -> None:
        self.origin.gate.clear()
        self.origin.most.clear()
        is_one = self.is_for_all(visitors, url) and not meanwhile
        first = [asyncio.ensure_future(self.visit_now(one, url)) for one in visitors]
        await self.until_all_wait(first)
        match meanwhile:
            case "wait":
                self.world.now += 3
            case "soft" | "hard" | "purge-twice":
                await self.purge_now(url, meanwhile != "soft", by_tag=meanwhile == "purge-twice")
            case "publish":
                self.world.publish(url, policy)
            case "fail":
                self.world.failures = ["503"]
        second = [asyncio.ensure_future(self.visit_now(one, url)) for one in visitors]
        await self.until_all_wait(second)
        self.origin.gate.set()
        await asyncio.gather(*first, *second)
        if is_one:
            assert self.origin.most[url] <= 1, "more than one request at once"

    async def until_all_wait(self, visits: list[asyncio.Future[None]]) -> None:
        """Long enough for each to be answered or to have asked, in whatever thread the store is."""
        for _ in range(40):
            await asyncio.sleep(self.pause)

    def is_for_all(self, visitors: list[Visitor], url: str) -> bool:
        """Whether all of them may have one response, and the cache has no reason to doubt it."""
        policy = self.world.resource(url).policy
        kept = policy.kind == "all" and policy.fresh > 7 and "no-cache" not in policy.words
        alike = not any(visitor.authorization for visitor in visitors) and not self.world.failures
        return kept and alike and not self.cache.edge.expects_private(f"{HOST}{url}")

    def teardown(self) -> None:
        self.origin.gate.set()
        self.run(self.cache.close)
        assert self.origin.open == set()
        self.runner.close()
