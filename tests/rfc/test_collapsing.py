"""RFC 9111 section 4, RFC 9211 section 2.6: one request to the origin for many visitors, if it is safe."""

from __future__ import annotations

import asyncio

import pytest
from rig import Answer, Got, Rig, play, said

from isrgen.edge.counters import Count
from isrgen.edge.origin import OriginError
from isrgen.edge.store import PurgeError
from isrgen.edge.stores.memory import MemoryStore
from isrgen.http.context import Purge

FRESH = ("cache-control", "max-age=60")


async def crowd(rig: Rig, number: int, *headers: tuple[str, str]) -> list[Got]:
    """So many visitors at once, while the origin takes its time."""
    rig.gate.clear()
    visits = [asyncio.ensure_future(rig.get("/", *headers, ("x-visitor", str(i)))) for i in range(number)]
    await rig.rest()
    rig.gate.set()
    return await asyncio.gather(*visits)


def test_five_hundred_misses_are_one_request() -> None:
    async def script(rig: Rig) -> None:
        found = await crowd(rig, 500)
        assert {got.body for got in found} == {b"whole"}
        assert len(rig.asked) == 1
        assert [got.cache for got in found].count("isrgen; fwd=uri-miss; collapsed") == 499
        assert (rig.count(Count.RENDERS), rig.count(Count.COLLAPSED)) == (1, 499)

    play(script)


def test_five_hundred_visitors_of_a_stale_response_are_one_conditional_request() -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/")
        rig.say(said(status=304))
        rig.now += 100
        found = await crowd(rig, 500)
        assert {got.body for got in found} == {b"whole"}
        assert len(rig.asked) == 2

    play(script, said(FRESH, ("etag", '"a"')))


@pytest.mark.parametrize(
    "headers",
    [
        [("cache-control", "private")],
        [("cache-control", "no-store")],
        [("cache-control", "no-cache"), ("etag", '"a"')],
        [("cache-control", "max-age=0"), ("etag", '"a"')],
        [FRESH, ("age", "60"), ("etag", '"a"')],
        [FRESH, ("set-cookie", "session=1")],
        [FRESH, ("vary", "*")],
        [],
    ],
)
def test_what_may_not_be_shared_is_asked_for_by_each(headers: list[tuple[str, str]]) -> None:
    """unjs/ocache#68: those who waited got the first one's cookie."""
    answers = [said(*headers, body=str(number).encode()) for number in range(10)]

    async def script(rig: Rig) -> None:
        found = await crowd(rig, 10)
        assert len({got.body for got in found}) == 10
        visitors = {dict(request.headers)["x-visitor"] for request in rig.asked}
        assert len(visitors) == 10

    play(script, *answers)


def test_a_key_that_was_private_is_not_waited_for() -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/")
        rig.gate.clear()
        visits = [asyncio.ensure_future(rig.get("/")) for _ in range(5)]
        await rig.rest()
        assert len(rig.asked) == 6
        rig.gate.set()
        await asyncio.gather(*visits)

    play(script, said(("cache-control", "private")))


def test_visitors_with_credentials_do_not_wait_for_others_nor_others_for_them() -> None:
    async def script(rig: Rig) -> None:
        rig.gate.clear()
        visits = [
            asyncio.ensure_future(rig.get("/", *headers))
            for headers in ([("authorization", "a")], [("authorization", "b")], [], [])
        ]
        await rig.rest()
        assert len(rig.asked) == 3
        rig.gate.set()
        found = await asyncio.gather(*visits)
        assert [got.body for got in found] == [b"for a", b"for b", b"for all", b"for all"]
        assert (await rig.get("/")).body == b"for all"

    play(script, *(said(FRESH, body=body) for body in (b"for a", b"for b", b"for all")))


def test_visitors_of_different_variants_get_their_own() -> None:
    async def script(rig: Rig) -> None:
        rig.gate.clear()
        visits = [asyncio.ensure_future(rig.get("/", ("foo", value))) for value in "abab"]
        await rig.rest()
        rig.gate.set()
        found = await asyncio.gather(*visits)
        assert [got.body for got in found] == [b"1", b"2", b"1", b"2"]
        assert len(rig.asked) == 2

    vary = ("vary", "foo")
    play(script, said(FRESH, vary, body=b"1"), said(FRESH, vary, body=b"2"))


def test_a_dead_origin_is_asked_once_for_all_who_wait() -> None:
    async def script(rig: Rig) -> None:
        found = await crowd(rig, 50)
        assert {got.status for got in found} == {502}
        assert len(rig.asked) == 1

    play(script, Answer(error=OriginError("refused")))


def test_an_origin_that_fails_is_asked_a_few_times_for_all_who_wait() -> None:
    """Its own words may be for one visitor; that it fails may be told to all."""

    async def script(rig: Rig) -> None:
        found = await crowd(rig, 200)
        assert {got.status for got in found} == {503}
        assert len(rig.asked) == 4
        own = [got.body for got in found if got.body.startswith(b"down for")]
        assert sorted(own) == [b"down for 1", b"down for 2", b"down for 3", b"down for 4"]

    play(script, *(said(status=503, body=f"down for {number}".encode()) for number in range(1, 9)))


def test_a_refusal_of_one_request_is_told_to_nobody_who_waited_and_says_nothing_of_the_origin() -> None:
    async def script(rig: Rig) -> None:
        found = await crowd(rig, 5)
        assert sorted(got.status for got in found) == [200, 200, 200, 200, 400]
        rig.now += 100
        rig.say(refused, said(FRESH, ("etag", '"a"'), body=b"new"))
        await rig.get("/", ("x-odd", "\x00"))
        assert (await rig.get("/")).body == b"new"

    refused = Answer(error=OriginError("no such request can be sent", 400))
    lasting = said(("cache-control", "max-age=60, stale-if-error=600"), ("etag", '"a"'))
    play(script, refused, lasting)


def test_a_truncated_body_reaches_nobody_who_waited() -> None:
    async def script(rig: Rig) -> None:
        found = await crowd(rig, 50)
        assert {(got.status, b"wh" in got.body and len(got.body) < 5) for got in found} == {(502, False)}
        assert (await rig.cache.edge.store.usage()).entries == 0

    play(script, Answer(cut=True))


def test_what_is_too_large_is_asked_for_by_each() -> None:
    async def script(rig: Rig) -> None:
        found = await crowd(rig, 4)
        assert [len(got.body) for got in found] == [500] * 4
        assert len(rig.asked) == 4

    play(script, said(FRESH, body=b"x" * 500), max_body=100)


def test_the_first_visitor_may_go_away() -> None:
    async def script(rig: Rig) -> None:
        rig.gate.clear()
        first, second = asyncio.ensure_future(rig.get("/")), asyncio.ensure_future(rig.get("/"))
        await rig.rest()
        first.cancel()
        await rig.rest()
        rig.gate.set()
        assert (await second).body == b"whole"
        assert len(rig.asked) == 1

    play(script)


def test_the_body_meant_for_a_visitor_who_went_away_is_let_go_of() -> None:
    async def script(rig: Rig) -> None:
        rig.gate.clear()
        visit = asyncio.ensure_future(rig.get("/"))
        await rig.rest()
        visit.cancel()
        rig.gate.set()
        await rig.rest()
        assert (len(rig.asked), rig.open) == (1, set())

    play(script, said(("cache-control", "private")))


def test_head_and_part_wait_for_nobody() -> None:
    async def script(rig: Rig) -> None:
        rig.gate.clear()
        visits = [
            asyncio.ensure_future(rig.get("/", *headers, method=method))
            for method, headers in (("HEAD", []), ("GET", [("range", "bytes=0-1")]), ("GET", []))
        ]
        await rig.rest()
        assert [request.method for request in rig.asked] == ["HEAD", "GET", "GET"]
        rig.gate.set()
        await asyncio.gather(*visits)

    play(script)


@pytest.mark.parametrize("how", ["POST", "purge"])
def test_nobody_joins_a_flight_from_before_a_purge_that_the_store_could_not_carry_out(how: str) -> None:
    """Whoever comes later has been told that the page changed, or that the purge failed: they ask anew."""

    class Broken(MemoryStore):
        async def epoch(self) -> int:
            raise OSError("broken")

        async def invalidate_key(self, prefix: str, hard: bool) -> list[str]:
            raise OSError("broken")

    async def script(rig: Rig) -> None:
        rig.gate.clear()
        early = asyncio.ensure_future(rig.get("/"))
        await rig.rest()
        if how == "POST":
            await rig.cache.edge.invalidate("http://example.org/")
        else:
            with pytest.raises(PurgeError):
                await rig.cache.purge([Purge(path="http://example.org/")])
        late = asyncio.ensure_future(rig.get("/"))
        await rig.rest()
        rig.gate.set()
        assert (await early).body == b"old"
        assert (await late).body == b"new"

    play(script, said(FRESH, body=b"old"), said(FRESH, body=b"new"), store=Broken())
