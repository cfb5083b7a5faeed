"""The edge in front of a site's pages, whatever happens in whatever order.

What differs from a cache in front of an origin: the render says who may share
its page, the visitor with a listed cookie goes past, and a refresh is made
with a request that holds nothing of any visitor.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import TypeVar

from fuzz_pages import Page, Render, Renders
from fuzz_world import START, Pairs
from fuzzing import KeptOnDisk, effort, settled
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from isrgen.caching.keys import Selecting
from isrgen.caching.policy import Lifetime
from isrgen.caching.validation import etag_of
from isrgen.edge.driver import Edge
from isrgen.edge.exchange import Exchange, Served
from isrgen.edge.store import Store
from isrgen.edge.stores.memory import MemoryStore
from isrgen.http.answer import Answer, Outcome, Shared
from isrgen.http.context import Purge
from isrgen.http.headers import Headers

T = TypeVar("T")
BACKOFF = 60.0
KEYS = st.sampled_from(["/", "/", "/?page=2", "/a/"])
VISITORS = st.sampled_from(["", "", "anna", "bert"])
LANGUAGES = st.sampled_from(["", "de", "en, de;q=0.5"])
LIFETIMES = st.builds(
    Lifetime, st.sampled_from([0, 1, 60]), st.sampled_from([0, 10, 600]), st.sampled_from([0, 0, 600])
)


PAGES = st.builds(
    Page,
    st.just(0),
    LIFETIMES,
    st.booleans(),
    st.sampled_from(["", "", "", "", "private", "set-cookie", "degraded"]),
    st.sampled_from([200, 200, 200, 404, 410]),
)


class EdgeMachine(RuleBasedStateMachine):
    """``pause`` is what the store needs to get on, in seconds."""

    pause = 0.0

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.was_set_back = False
        self.renders = Renders()
        self.pages = {key: Page() for key in ("/", "/?page=2", "/a/")}
        self.failures: list[Outcome] = []
        self.under_way: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.runner = asyncio.Runner()
        self.gate = asyncio.Event()
        self.gate.set()
        self.edge = Edge(
            self.open_store(),
            clock=lambda: self.now,
            build="one",
            deadline=30.0,
            regenerate=lambda key, headers: self.render(key, "", headers),
        )

    def open_store(self) -> Store:
        return MemoryStore()

    @initialize(pages=st.tuples(PAGES, PAGES, PAGES))
    def begin(self, pages: tuple[Page, Page, Page]) -> None:
        self.pages = dict(zip(self.pages, pages, strict=True))
        self.run(self.edge.start)

    def run(self, work: Callable[[], Awaitable[T]]) -> T:
        return self.runner.run(settled(work))

    async def render(self, key: str, visitor: str, headers: Pairs) -> Answer:
        number, at = self.renders.next(), self.now
        self.under_way[key] += 1
        self.most[key] = max(self.most[key], self.under_way[key])
        try:
            await self.gate.wait()
        finally:
            self.under_way[key] -= 1
        if self.failures:
            self.renders.failed_at[key] = self.now
            return Answer(503, Headers(), b"failed", outcome=self.failures.pop())
        page = self.pages[key]
        is_own = visitor if visitor or page.how == "private" else ""
        language = dict(headers).get("accept-language", "") if page.vary else ""
        body = repr((key, page.version, page.status, page.how, language, is_own)).encode()
        made = Render(number, at, key, page, language, is_own)
        self.renders.made.setdefault(body, []).append(made)
        return self.answer(page, body, is_own)

    def answer(self, page: Page, body: bytes, is_own: str) -> Answer:
        headers = Headers({"Content-Type": "text/plain", "ETag": '"mine"', "Expires": "0"})
        if page.how == "set-cookie":
            headers.set("Set-Cookie", "a=1")
        answer = Answer(page.status, headers, body)
        if page.how != "private" and not is_own:
            vary = ("accept-language",) if page.vary else ()
            answer.shared = Shared(page.lifetime, vary, tags=("everything",))
        if page.how == "degraded":
            answer.degraded = "the database is away"
        return answer

    @rule(key=KEYS, page=PAGES)
    def publish(self, key: str, page: Page) -> None:
        version = self.pages[key].version + 1
        self.pages[key] = Page(version, page.lifetime, page.vary, page.how, page.status)

    @rule(seconds=st.sampled_from([0.4, 1.0, 6.0, 30.0, 61.0, 100.0, 700.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(seconds=st.sampled_from([2.0, 100.0]))
    def set_the_clock_back(self, seconds: float) -> None:
        self.now -= seconds
        self.was_set_back = True

    @rule(how=st.sampled_from([Outcome.FAILED, Outcome.TIMEOUT, Outcome.BUSY]), times=st.integers(1, 3))
    def fail(self, how: Outcome, times: int) -> None:
        self.failures = [how] * times

    @rule(key=KEYS, hard=st.booleans())
    def purge(self, key: str, hard: bool) -> None:
        self.run(lambda: self.purge_now(key, hard))

    @rule(hard=st.booleans())
    def purge_everything(self, hard: bool) -> None:
        async def whole() -> None:
            await self.edge.purge([Purge(tag="everything", hard=hard)])
            self.purged(list(self.pages), hard)

        self.run(whole)

    async def purge_now(self, key: str, hard: bool) -> None:
        path = key.partition("?")[0]
        await self.edge.purge([Purge(path=path, hard=hard)])
        self.purged([one for one in self.pages if one.partition("?")[0] == path], hard)

    def purged(self, keys: list[str], hard: bool) -> None:
        number = self.renders.next()
        for key in keys:
            self.renders.soft[key] = number
            if hard:
                self.renders.hard[key] = number

    @rule(key=KEYS, visitor=VISITORS, language=LANGUAGES)
    def visit(self, key: str, visitor: str, language: str) -> None:
        self.run(lambda: self.visit_now(key, visitor, language))

    async def visit_now(self, key: str, visitor: str, language: str) -> None:
        renders = self.renders
        began, soft, hard = renders.next(), renders.soft[key], renders.hard[key]
        selecting = Selecting([("accept-language", language)])
        shown = tuple(pair for pair in selecting(("accept-language",)) if pair[1])
        served = await self.edge.serve(
            Exchange(
                key,
                "cookie" if visitor else "",
                selecting,
                lambda: self.render(key, visitor, shown),
                lambda headers: self.render(key, "", headers),
            )
        )
        if served.status == 503:
            assert key in renders.failed_at
        else:
            made = renders.made[served.body]
            self.check_for_whom(key, visitor, dict(shown).get("accept-language", ""), served, made)
            after = [one for one in made if one.number > hard]
            assert after, "it was removed"
            self.check_when(served, after, began, soft)

    def check_for_whom(self, key: str, visitor: str, shown: str, served: Served, made: list[Render]) -> None:
        one = made[0]
        assert one.key == key
        assert one.visitor == visitor
        assert one.language in (shown if one.page.vary else "", "")
        assert one.language == shown or not one.page.vary
        control = [value for name, value in served.headers if name == "Cache-Control"]
        is_own = bool(visitor) or one.page.how in ("private", "set-cookie")
        if is_own:
            assert control == ["private, no-store"]
            assert not served.cache_status.hit
        assert len(control) == 1
        assert served.etag == etag_of(served.body) or served.status != 200
        assert [name.lower() for name, _ in served.headers].count("expires") == 0

    def check_when(self, served: Served, made: list[Render], began: int, soft: int) -> None:
        status = served.cache_status
        from_store = status.hit or status.detail == "stale-if-error" or status.detail == "unreachable"
        if not from_store:
            assert any(one.number > (soft if status.collapsed else began) for one in made)
            return
        failing = status.detail in ("stale-if-error", "unreachable")
        in_time = [one for one in made if self.age(one) < self.limit(one, failing)]
        assert in_time, "it is too old"
        if status.ttl is not None and status.ttl > 0 and not status.detail:
            assert any(one.number > soft and self.age(one) < one.page.lifetime.fresh for one in in_time)
        ages = {int(self.age(one)) for one in made}
        assert served.age in ages or (served.age or 0) >= min(ages)
        if failing:
            failed_at = max(self.renders.failed_at.values())
            assert self.was_set_back or self.now - failed_at <= BACKOFF

    def age(self, one: Render) -> float:
        return max(0.0, self.now - one.at)

    def limit(self, one: Render, failing: bool) -> float:
        lifetime = one.page.lifetime
        if one.page.how == "degraded":
            return min(lifetime.fresh, 5)
        return lifetime.fresh + max(
            lifetime.stale_while_revalidate, lifetime.stale_if_error if failing else 0
        )

    @rule(
        key=KEYS,
        languages=st.lists(LANGUAGES, min_size=2, max_size=4),
        meanwhile=st.sampled_from(["", "", "wait", "soft", "hard", "publish", "fail"]),
    )
    def visit_at_once(self, key: str, languages: list[str], meanwhile: str) -> None:
        self.run(lambda: self.crowd(key, languages, meanwhile))

    async def crowd(self, key: str, languages: list[str], meanwhile: str) -> None:
        page = self.pages[key]
        is_quiet = not (page.how or meanwhile or self.failures or self.edge.expects_private(key))
        is_one = is_quiet and len(set(languages)) == 1
        self.gate.clear()
        self.most.clear()
        first = await self.begin_visits(key, languages)
        match meanwhile:
            case "wait":
                self.now += 3
            case "soft" | "hard":
                await self.purge_now(key, meanwhile == "hard")
            case "publish":
                self.pages[key] = Page(page.version + 1, page.lifetime, page.vary, page.how)
            case "fail":
                self.failures = [Outcome.FAILED]
        second = await self.begin_visits(key, languages)
        self.gate.set()
        await asyncio.gather(*first, *second)
        assert self.most[key] <= 1 or not is_one, "more than one render at once"

    async def begin_visits(self, key: str, languages: list[str]) -> list[asyncio.Future[None]]:
        visits = [asyncio.ensure_future(self.visit_now(key, "", language)) for language in languages]
        for _ in range(40):
            await asyncio.sleep(self.pause)
        return visits

    def teardown(self) -> None:
        self.gate.set()
        self.run(self.edge.close)
        self.runner.close()


class OnDisk(KeptOnDisk, EdgeMachine):
    """With threads between the edge and its store."""


TestInMemory = EdgeMachine.TestCase
TestInMemory.settings = effort(40, 30)
TestOnDisk = OnDisk.TestCase
TestOnDisk.settings = effort(8, 20)
