"""RFC 5861: stale-while-revalidate and stale-if-error, each within its window and no further."""

from __future__ import annotations

import asyncio

import pytest
from rig import Answer, Rig, play, said

from isrgen.edge.counters import Count
from isrgen.edge.origin import OriginError

CACHE = "cache-control"
WINDOW = said((CACHE, "max-age=60, stale-while-revalidate=30"), body=b"old")
GUIDE = said((CACHE, "s-maxage=60, stale-while-revalidate=30"), body=b"old")
NEW = said((CACHE, "max-age=60, stale-while-revalidate=30"), body=b"new")


@pytest.mark.parametrize("first", [WINDOW, GUIDE])
def test_section_3_stale_is_sent_at_once_and_refreshed_behind_the_visitors_back(first: Answer) -> None:
    """With s-maxage too: who writes both means the window."""

    async def script(rig: Rig) -> None:
        await rig.get("/")
        rig.say(NEW)
        rig.now += 60
        rig.gate.clear()
        for _ in range(20):
            got = await rig.get("/")
            assert (got.body, got.age, got.cache) == (b"old", 60, "isrgen; hit; ttl=0; detail=revalidating")
        await rig.rest()
        assert len(rig.asked) == 2
        rig.gate.set()
        await rig.rest()
        got = await rig.get("/")
        assert (got.body, got.age, got.cache) == (b"new", 0, "isrgen; hit; ttl=60")

    play(script, first)


def test_section_3_past_the_window_nothing_stale_is_sent() -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/")
        rig.say(NEW)
        rig.now += 90
        got = await rig.get("/")
        assert (got.body, got.hit) == (b"new", False)

    play(script, WINDOW)


@pytest.mark.parametrize("field", ["must-revalidate", "proxy-revalidate", "no-cache"])
def test_section_3_not_where_staleness_is_forbidden(field: str) -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/")
        rig.now += 60
        assert not (await rig.get("/")).hit

    play(script, said((CACHE, f"max-age=60, stale-while-revalidate=30, {field}"), ("etag", '"a"')))


def test_section_3_the_refresh_is_a_request_of_nobodys() -> None:
    """What one visitor sent beside the key would otherwise be in everybody's page."""
    first = said(*WINDOW.headers, ("vary", "Foo"), ("etag", '"a"'), body=b"old")

    async def script(rig: Rig) -> None:
        sent = (("foo", "1"), ("cookie", "a=1"), ("user-agent", "x"), ("range", "bytes=0-1"))
        await rig.get("/p?q=1", ("foo", "1"), host="example.org:8000", scheme="https")
        rig.now += 70
        await rig.get("/p?q=1", *sent, host="example.org:8000", scheme="https")
        await rig.rest()
        asked = rig.asked[1]
        assert asked.headers == (("foo", "1"), ("if-none-match", '"a"'))
        assert (asked.method, asked.scheme, asked.host, asked.target, asked.body, asked.client) == (
            "GET",
            "https",
            "example.org:8000",
            "/p?q=1",
            None,
            "",
        )

    play(script, first)


def test_section_3_a_refresh_that_finds_nothing_new_makes_it_fresh() -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/")
        rig.say(said(status=304))
        rig.now += 70
        await rig.get("/")
        await rig.rest()
        got = await rig.get("/")
        assert (got.body, got.age, rig.count(Count.RENEWED)) == (b"old", 0, 1)

    play(script, said(*WINDOW.headers, ("etag", '"a"'), body=b"old"))


@pytest.mark.parametrize(
    "failure",
    [said(status=500), said(status=503), Answer(error=OriginError("refused")), Answer(cut=True)],
)
def test_section_4_an_error_within_its_window_is_answered_with_the_last_good_response(
    failure: Answer,
) -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/")
        rig.say(failure)
        rig.now += 100
        got = await rig.get("/")
        assert (got.status, got.body, got.age) == (200, b"old", 100)
        assert rig.open == set()

    play(script, said((CACHE, "max-age=60, stale-if-error=60, s-maxage=60"), body=b"old"))


def test_section_4_and_past_it_with_the_error() -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/")
        rig.say(said(status=503, body=b"down"))
        rig.now += 120
        got = await rig.get("/")
        assert (got.status, got.body) == (503, b"down")

    play(script, said((CACHE, "max-age=60, stale-if-error=60"), body=b"old"))


def test_section_4_a_404_is_no_error() -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/")
        rig.say(said(status=404))
        rig.now += 100
        assert (await rig.get("/")).status == 404

    play(script, said((CACHE, "max-age=60, stale-if-error=60"), body=b"old"))


def test_after_a_failed_refresh_the_origin_is_left_alone_for_longer_and_longer() -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/")
        rig.say(said(status=503))
        rig.now += 60
        tries = []
        for _ in range(20):
            got = await rig.get("/")
            await rig.rest()
            assert got.body == b"old"
            tries.append(len(rig.asked))
            rig.now += 1
        # After one second, two, four, eight.
        assert [tries.count(number) for number in (2, 3, 4, 5)] == [1, 2, 4, 8]
        assert rig.count(Count.REFRESHES_FAILED) == tries[-1] - 1

    play(script, said((CACHE, "max-age=60, stale-while-revalidate=3600"), body=b"old"))


def test_refreshes_are_bounded_in_number() -> None:
    async def script(rig: Rig) -> None:
        for number in range(12):
            await rig.get(f"/{number}")
        rig.now += 70
        rig.gate.clear()
        for number in range(12):
            assert (await rig.get(f"/{number}")).hit
        await rig.rest()
        assert len(rig.asked) == 12 + 3
        rig.gate.set()
        for _ in range(5):
            await rig.rest()
        assert len(rig.asked) == 24

    play(script, WINDOW, max_regenerations=3)


@pytest.mark.parametrize("grown", [Answer(body=b"x" * 20_000), Answer(pause=10.0)])
def test_a_refresh_that_brings_what_cannot_be_kept_lets_go_of_it(grown: Answer) -> None:
    """Nobody reads the rest of it; the origin's connection would be in use for ever."""

    async def script(rig: Rig) -> None:
        await rig.get("/")
        rig.say(grown)
        rig.now += 70
        assert (await rig.get("/")).hit
        await rig.rest()
        assert (len(rig.asked), rig.open) == (2, set())

    play(script, WINDOW)


def test_each_variant_has_a_refresh_of_its_own() -> None:
    first = said(*WINDOW.headers, ("vary", "foo"))

    async def script(rig: Rig) -> None:
        for value in "ab":
            await rig.get("/", ("foo", value))
        rig.now += 70
        for value in "abab":
            await rig.get("/", ("foo", value))
        await rig.rest()
        assert sorted(request.headers for request in rig.asked[2:]) == [(("foo", "a"),), (("foo", "b"),)]

    play(script, first)


def test_a_refresh_that_hangs_ends_at_its_deadline_and_the_next_may_try() -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/")
        rig.now += 60
        rig.gate.clear()
        await rig.get("/")
        while rig.count(Count.REFRESHES_FAILED) == 0:
            await asyncio.sleep(0.01)
        await rig.rest()
        rig.gate.set()
        rig.say(NEW)
        rig.now += 2
        await rig.get("/")
        await rig.rest()
        assert (await rig.get("/")).body == b"new"

    play(script, WINDOW, deadline=0.2)
