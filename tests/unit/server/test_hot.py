"""The short way says what the long way says, or leaves the request to it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from isrgen.caching.policy import CachePolicy, Lifetime
from isrgen.edge.counters import Count
from isrgen.edge.landing import served_from_store
from isrgen.server import hot
from isrgen.server.app import App
from isrgen.server.settings import Settings

COUNTING = """
from isrgen import cache_tag
count = 0
async def loader(params):
    global count
    count += 1
    cache_tag("blog")
    return {"count": count}
"""
BODY = "page {{ count }}"
LIFE = Lifetime(10, 20)
POLICY = CachePolicy(LIFE)
PATHS = ("/plain/", "/listed/", "/listed/?page=2", "/dashboard/", "/vary/", "/caf%C3%A9/", "/plain/?x=1")


class Short:
    """A server over RSGI that knows which requests went the short way."""

    def __init__(self, app: App, driver: Any) -> None:
        self.app = app
        self.driver = driver
        self.short = 0
        if app._hot is not None:
            answer = app._hot.answer

            def counted(scope: Any, protocol: Any) -> bool:
                done = answer(scope, protocol)
                self.short += done
                return done

            app._hot.answer = counted  # type: ignore[method-assign]

    def get(self, path: str, headers: Any = None, method: str = "GET") -> tuple[Any, bool]:
        """The reply, and whether it came the short way."""
        before = self.short
        reply = self.driver.request(method, path, headers)
        return reply, self.short > before


@pytest.fixture
def drive(kit: Any) -> Iterator[Any]:
    from importlib import import_module

    driver = import_module(type(kit).__module__).Driver
    drivers: list[Any] = []

    def start(**settings: Any) -> Short:
        made = driver(kit.app(**settings), "rsgi")
        drivers.append(made)
        return Short(made.app, made)

    yield start
    for made in drivers:
        made.runner.run(made.app.stop())
        made.runner.close()


def pages(kit: Any) -> None:
    kit.page("/plain/", BODY, COUNTING, POLICY)
    kit.page("/listed/", BODY, COUNTING, CachePolicy(LIFE, query=("page",)))
    kit.page("/dashboard/", BODY, COUNTING, CachePolicy(LIFE, bypass_cookies=("session",)))
    kit.page(
        "/vary/",
        BODY + "{{ request.headers.get('accept-language') }}",
        COUNTING,
        CachePolicy(LIFE, vary=("Accept-Language",)),
    )
    kit.page("/café/", BODY, COUNTING, POLICY)


def taught(server: Short, *paths: str) -> None:
    """The first request makes the page, the second finds it, and teaches the short way."""
    for path in paths:
        server.get(path)
        server.get(path)


REQUESTS: list[Any] = [
    {},
    {"Cookie": "theme=dark; lang=de"},
    {"Cookie": "session=1"},
    {"Cookie": "SESSION=1"},
    [("Cookie", "a=1"), ("Cookie", "b=2; session=x")],
    {"Cookie": "x=session"},
    {"Authorization": "Bearer x"},
    {"If-None-Match": '"nothing"'},
    {"If-None-Match": "*"},
    {"If-None-Match": "ETAG"},
    {"If-None-Match": "W/ETAG"},
    {"If-None-Match": '"a", ETAG'},
    [("If-None-Match", "ETAG"), ("If-None-Match", '"b"')],
    [("If-None-Match", '"b"'), ("If-None-Match", "ETAG")],
    {"If-None-Match": "ETAG", "If-Modified-Since": "Sun, 01 Mar 2026 09:00:00 GMT"},
    {"If-None-Match": "ETAG", "Range": "bytes=0-1"},
    {"If-Modified-Since": "Sun, 01 Mar 2026 09:00:00 GMT"},
    {"If-Match": '"other"'},
    {"If-Match": "*"},
    {"If-Unmodified-Since": "Sun, 01 Mar 2020 09:00:00 GMT"},
    {"Range": "bytes=0-1"},
    {"Range": "bytes=5-", "If-Range": "ETAG"},
    {"Range": "bytes=100-"},
    {"If-Range": "ETAG"},
    {"X-Isrgen-Draft": "1", "X-Forwarded-Host": "evil.example", "X-Original-URL": "/admin/"},
    {"Accept-Language": "de"},
    {"Cache-Control": "no-cache", "Pragma": "no-cache"},
    {"Cache-Control": "only-if-cached"},
    {"Accept-Encoding": "gzip", "User-Agent": "é"},
    {"Cookie": "é=1"},
    {"Host": "evil.example", "X-Forwarded-Proto": "gopher"},
]


@pytest.mark.parametrize("later", [0, 3.5, 9.999, 10, 11, 29.999, 30, 40, -100, -4])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "BREW"])
def test_both_ways_answer_every_request_with_the_same_bytes(
    kit: Any, drive: Any, method: str, later: float
) -> None:
    pages(kit)
    quick, slow = drive(), drive()
    slow.app._hot = None
    short = 0
    for server in (quick, slow):
        taught(server, *PATHS)
    kit.clock.advance(later)
    for path in PATHS:
        etag = quick.get(path)[0]["ETag"]
        assert slow.get(path)[0]["ETag"] == etag
        for headers in REQUESTS:
            pairs = list(headers.items()) if isinstance(headers, dict) else headers
            filled = [(name, value.replace("ETAG", etag)) for name, value in pairs]
            reply, was_short = quick.get(path, filled, method)
            expected, _ = slow.get(path, filled, method)
            short += was_short
            if was_short and not all(value.isascii() for _, value in filled):
                # The long way refuses what it cannot read; the short way need not know what it does not use.
                expected, _ = slow.get(path, [], method)
            assert (reply.status, reply.headers, reply.body) == (
                expected.status,
                expected.headers,
                expected.body,
            ), (path, filled)
    assert (short > 20) == (method == "GET")


def test_a_plain_hit_goes_the_short_way_and_its_age_grows(kit: Any, drive: Any) -> None:
    pages(kit)
    server = drive()
    taught(server, "/plain/")
    for seconds, ttl in ((0, 10), (1, 9), (0.5, 9), (0.5, 8), (7, 1)):
        kit.clock.advance(seconds)
        reply, short = server.get("/plain/")
        assert (short, reply["Age"], reply["Cache-Status"]) == (
            True,
            str(10 - ttl),
            f"isrgen; hit; ttl={ttl}",
        )


def test_whoever_has_the_page_is_told_so_the_short_way(kit: Any, drive: Any) -> None:
    pages(kit)
    server = drive()
    taught(server, "/plain/")
    etag = server.get("/plain/")[0]["ETag"]
    reply, short = server.get("/plain/", {"If-None-Match": etag})
    assert (short, reply.status, reply.body) == (True, 304, b"")


@pytest.mark.parametrize("hosts", [[], ["a.example", "b.example"], ["a b"], [""], ["a.example", "a.example"]])
def test_no_host_or_two_is_refused_on_a_hit_as_well(kit: Any, drive: Any, hosts: list[str]) -> None:
    pages(kit)
    server = drive()
    taught(server, "/plain/")
    assert server.get("/plain/")[1]
    server.driver.host = ""
    assert server.get("/plain/", [("Host", host) for host in hosts])[0].status == 400


def test_a_host_that_was_never_here_is_known_from_the_next_request_on(kit: Any, drive: Any) -> None:
    pages(kit)
    server = drive()
    taught(server, "/plain/")
    for number in range(1100):
        host = {"Host": f"{number}.example"}
        assert [server.get("/plain/", host)[1] for _ in range(2)] == [False, True]
    assert len(server.app._hot._hosts) < 1100


def test_a_query_that_the_route_does_not_list_changes_nothing(kit: Any, drive: Any) -> None:
    pages(kit)
    server = drive()
    taught(server, "/plain/")
    assert server.get("/plain/?utm=1")[1]
    assert server.get("/plain/?" + "x" * 20_000)[0].status == 414
    assert server.get("/plain/?" + "&" * 1001)[0].status == 414


def test_a_hundred_thousand_queries_fill_nothing(kit: Any, drive: Any) -> None:
    pages(kit)
    server = drive()
    taught(server, "/plain/", "/listed/")
    for number in range(300):
        server.get(f"/plain/?q={number}")
        server.get(f"/listed/?q={number}&page=7")
    assert len(server.app._hot) == 2


def test_it_is_bounded_in_number_and_in_bytes(kit: Any, drive: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    kit.page("/[slug]/", "{{ params.slug }}", "", POLICY)
    server = drive()
    monkeypatch.setattr(hot, "_MOST", 3)
    taught(server, *(f"/p{number}/" for number in range(5)))
    assert len(server.app._hot) == 3
    assert [server.get(f"/p{number}/")[1] for number in (4, 3, 2, 0)] == [True, True, True, False]
    monkeypatch.setattr(hot, "_MOST_BYTES", 6000)
    taught(server, "/p6/")
    assert len(server.app._hot) == 2


def test_the_bytes_that_are_counted_are_those_of_the_pages_that_are_known(kit: Any, drive: Any) -> None:
    """A visitor who takes the long way may be the first to see a page's new version."""
    pages(kit)
    server = drive()
    quick = server.app._hot
    calls: list[Any] = []
    learn = quick.learn
    quick.learn = lambda *call: calls.append(call)  # type: ignore[method-assign]
    taught(server, "/plain/")
    incoming, exchange, _, policy = calls[-1]
    (stored,) = server.app._edge.store.peek("/plain/")
    for body in (b"short", b"long" * 1000, b"short again"):
        newer = replace(stored, body=body)
        assert server.driver.run(server.app._edge.store.put("/plain/", newer, 0))
        learn(incoming, exchange, served_from_store(newer, kit.clock()), policy)
        (page,) = quick._pages.values()
        assert (page.body, quick._bytes) == (body, page.stored.size + hot._OVERHEAD)


def test_an_encoded_question_mark_is_another_page_than_a_query(kit: Any, drive: Any) -> None:
    kit.page("/[slug]/", "{{ params.slug }}", "", CachePolicy(LIFE, query=("page",)))
    server = drive()
    taught(server, "/a/?page=2", "/a%3Fpage=2/", "/a/%3Fpage=2")
    assert server.get("/a%3Fpage=2/")[0].text == "a?page=2"
    assert server.get("/a/?page=2")[0].text == "a"


@pytest.mark.parametrize("hard", [False, True])
@pytest.mark.parametrize("what", ["path", "tag"])
def test_a_purge_is_seen_by_the_very_next_request(kit: Any, drive: Any, what: str, hard: bool) -> None:
    kit.page("/plain/", BODY, COUNTING, POLICY)
    kit.api(
        "/api/purge",
        "from isrgen import revalidate_path, revalidate_tag\n"
        f"def POST():\n    revalidate_{what}({'/plain/' if what == 'path' else 'blog'!r}, hard={hard})\n"
        "    return {}\n",
    )
    server = drive()
    taught(server, "/plain/")
    assert server.get("/plain/") == (server.get("/plain/")[0], True)
    server.get("/api/purge", method="POST")
    # The driver lets the refresh behind a soft purge end before it asks anew.
    assert server.get("/plain/")[0].text == "page 2"


def test_a_stale_page_goes_the_short_way_while_its_refresh_is_under_way_and_no_longer(
    kit: Any, drive: Any
) -> None:
    kit.page(
        "/slow/",
        BODY,
        "import asyncio, threading\ngo = threading.Event()\ncount = 0\n"
        "async def loader():\n    global count\n    count += 1\n"
        "    while count > 1 and not go.is_set():\n        await asyncio.sleep(0.001)\n"
        "    return {'count': count}\n",
        POLICY,
    )
    kit.api(
        "/api/go",
        "import sys\ndef POST():\n"
        "    for module in list(sys.modules.values()):\n"
        "        getattr(module, 'go', None) and module.go.set()\n    return {}\n",
    )
    server = drive()
    taught(server, "/slow/")
    kit.clock.advance(12)

    async def visit() -> tuple[list[bool], list[str], str]:
        ways, states = [], []
        for _ in range(4):
            before = server.short
            reply = await server.driver.send("GET", "/slow/")
            ways.append(server.short > before)
            states.append(reply["Cache-Status"])
            assert reply.text == "page 1"
        await server.driver.send("POST", "/api/go")
        while (after := await server.driver.send("GET", "/slow/")).text == "page 1":
            await asyncio.sleep(0.001)
        return ways, states, after["Cache-Status"]

    ways, states, after = server.driver.run(visit())
    assert ways == [False, True, True, True]
    assert set(states) == {"isrgen; hit; ttl=-2; detail=revalidating"}
    assert after == "isrgen; hit; ttl=10"


def test_a_refresh_that_failed_is_told_at_once(kit: Any, drive: Any) -> None:
    kit.page(
        "/weak/",
        BODY,
        "count = 0\ndef loader():\n    global count\n    count += 1\n"
        "    if count > 1:\n        raise RuntimeError('down')\n    return {'count': count}\n",
        POLICY,
    )
    server = drive()
    taught(server, "/weak/")
    kit.clock.advance(12)
    assert server.get("/weak/")[0]["Cache-Status"] == "isrgen; hit; ttl=-2; detail=revalidating"
    assert server.get("/weak/")[0]["Cache-Status"] == "isrgen; hit; ttl=-2; detail=backing-off"


def test_a_listed_cookie_is_never_answered_the_short_way_and_any_other_is(kit: Any, drive: Any) -> None:
    pages(kit)
    server = drive()
    taught(server, "/dashboard/")
    for cookie, short in (("theme=dark", True), ("session=1", False), ("a=b; session=1", False)):
        assert server.get("/dashboard/", {"Cookie": cookie})[1] is short, cookie
    reply, _ = server.get("/dashboard/", {"Cookie": "session=1"})
    assert reply["Cache-Control"] == "private, no-store"


def test_a_page_of_an_older_build_is_never_sent_as_fresh(kit: Any, drive: Any) -> None:
    pages(kit)
    server = drive()
    taught(server, "/plain/")
    kit.change(build="b2")
    newer = kit.app(store=server.app._edge.store._store)
    newer_server = Short(newer, type(server.driver)(newer, "rsgi"))
    first, short = newer_server.get("/plain/")
    assert (first["Cache-Status"], short) == ("isrgen; hit; ttl=0; detail=revalidating", False)
    assert newer_server.get("/plain/")[0].text == "page 1"
    newer_server.driver.runner.close()


def test_a_page_of_an_older_build_stays_stale_when_the_newer_one_cannot_render_it(
    kit: Any, drive: Any, tmp_path: Path
) -> None:
    down = tmp_path / "down"
    module = f"from pathlib import Path\ndef loader():\n    assert not Path({str(down)!r}).exists()\n"
    kit.page("/plain/", "old", module, POLICY)
    server = drive()
    taught(server, "/plain/")
    kit.change(build="b2")
    down.touch()
    newer = kit.app(store=server.app._edge.store._store)
    newer_server = Short(newer, type(server.driver)(newer, "rsgi"))
    for detail in ("revalidating", "backing-off", "backing-off"):
        reply, short = newer_server.get("/plain/")
        assert (reply["Cache-Status"], short) == (f"isrgen; hit; ttl=0; detail={detail}", False)
    newer_server.driver.runner.close()


def test_variants_go_the_long_way(kit: Any, drive: Any) -> None:
    pages(kit)
    server = drive()
    taught(server, "/vary/")
    assert not server.get("/vary/")[1]


def test_what_a_server_in_development_sends_always_comes_the_long_way(kit: Any, drive: Any) -> None:
    pages(kit)
    server = drive(debug=True)
    taught(server, "/plain/")
    assert not server.get("/plain/")[1]


def test_both_ways_count_alike(kit: Any, drive: Any) -> None:
    pages(kit)
    quick, slow = drive(), drive()
    slow.app._hot = None
    totals = []
    for server in (quick, slow):
        taught(server, "/plain/")
        etag = server.get("/plain/")[0]["ETag"]
        server.get("/plain/", {"If-None-Match": etag})
        server.get("/absent/")
        totals.append(server.app.ledger.counters.totals())
    same = (Count.REQUESTS, Count.RESPONSE_BYTES, Count.NOT_MODIFIED, Count.STATUS_2XX, Count.STATUS_3XX)
    assert [totals[0][count] for count in same] == [totals[1][count] for count in same]
    assert (totals[0][Count.REQUESTS], totals[0][Count.STATUS_2XX], totals[0][Count.STATUS_4XX]) == (5, 3, 1)
    assert totals[0][Count.NOT_MODIFIED] == 1


def test_settings_without_counters_count_in_memory(kit: Any) -> None:
    assert Settings().counters is None
    assert kit.app().ledger.counters.totals()[Count.REQUESTS] == 0
