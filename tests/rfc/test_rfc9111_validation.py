"""RFC 9111 sections 3.2 and 4.3: asking the origin whether a stored response still holds."""

from __future__ import annotations

import pytest
from rig import START, Answer, Rig, play, said

from isrgen.caching.dates import http_date
from isrgen.caching.stored import HeaderPairs
from isrgen.edge.counters import Count

FRESH = ("cache-control", "max-age=60")
TAG = ("etag", '"a"')
CHANGED = ("last-modified", http_date(START - 1000))


@pytest.mark.parametrize(
    ("stored", "asked"),
    [
        ((TAG,), (("if-none-match", '"a"'),)),
        ((("etag", 'W/"a"'),), (("if-none-match", 'W/"a"'),)),
        ((("etag", "bare"),), (("if-none-match", "bare"),)),
        ((CHANGED,), (("if-modified-since", CHANGED[1]),)),
        ((TAG, CHANGED), (("if-none-match", '"a"'), ("if-modified-since", CHANGED[1]))),
        ((), ()),
    ],
)
def test_section_4_3_1_the_origin_is_asked_with_the_validators_it_gave(
    stored: HeaderPairs, asked: HeaderPairs
) -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/")
        rig.now += 100
        await rig.get("/", ("foo", "1"))
        assert rig.asked[1].headers == (("foo", "1"), *asked)

    play(script, said(FRESH, *stored))


def test_section_4_3_1_another_variant_is_not_asked_about() -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/", ("foo", "1"))
        await rig.get("/", ("foo", "2"))
        assert rig.asked[1].headers == (("foo", "2"),)

    play(script, said(FRESH, TAG, ("vary", "foo")))


def test_section_4_3_3_a_304_makes_the_stored_response_fresh_again() -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/")
        rig.say(said(TAG, status=304))
        rig.now += 100
        got = await rig.get("/")
        assert (got.status, got.body, got.cache) == (
            200,
            b"whole",
            "isrgen; fwd=stale; fwd-status=304; stored",
        )
        rig.now += 59
        got = await rig.get("/")
        assert (got.hit, got.age, len(rig.asked), rig.count(Count.RENEWED)) == (True, 59, 2, 1)
        rig.now += 1
        assert not (await rig.get("/")).hit

    play(script, said(FRESH, TAG))


def test_section_4_3_3_a_full_response_takes_the_place_of_the_stored_one() -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/")
        rig.say(said(FRESH, ("etag", '"b"'), body=b"new"))
        rig.now += 100
        assert (await rig.get("/")).body == b"new"
        got = await rig.get("/")
        assert (got.hit, got.body, got.get("etag")) == (True, b"new", '"b"')

    play(script, said(FRESH, TAG))


def test_section_4_3_3_a_full_response_that_is_private_removes_the_stored_one() -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/")
        rig.say(said(("cache-control", "private"), body=b"mine"))
        rig.now += 100
        assert (await rig.get("/")).body == b"mine"
        assert (await rig.cache.edge.store.usage()).entries == 0

    play(script, said(FRESH, TAG))


UPDATED = [
    "x-test",
    "content-foo",
    "content-location",
    "content-security-policy",
    "content-disposition",
    "x-frame-options",
    "expires",
    "set-cookie2",
    "access-control-allow-origin",
    "link",
    "vary-by",
]
KEPT = ["content-encoding", "content-length", "content-md5", "content-range", "content-digest", "etag"]


@pytest.mark.parametrize("name", UPDATED)
def test_section_3_2_a_304_updates_the_stored_fields(name: str) -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/")
        rig.say(said(TAG, (name, "new"), ("x-added", "1"), status=304))
        rig.now += 100
        for _ in range(2):
            got = await rig.get("/")
            assert (got.all(name), got.get("x-added"), got.get("x-left")) == (["new"], "1", "2")

    play(script, said(FRESH, TAG, (name, "old"), (name, "older"), ("x-left", "2")))


@pytest.mark.parametrize("name", KEPT)
def test_section_3_2_but_not_those_that_describe_the_stored_body(name: str) -> None:
    old, new = ('"a"', 'W/"a"') if name == "etag" else ("5", "7")

    async def script(rig: Rig) -> None:
        await rig.get("/")
        rig.say(said((name, new), status=304))
        rig.now += 100
        for _ in range(2):
            got = await rig.get("/")
            assert (got.status, got.get(name), got.body) == (200, old, b"whole")

    play(script, said(FRESH, *({"etag": '"a"'} | {name: old}).items()))


@pytest.mark.parametrize(
    ("old", "new", "then"),
    [
        (["text/plain"], ["text/html"], ["text/plain"]),
        (["text/plain"], ["Text/Plain; charset=utf-8"], ["Text/Plain; charset=utf-8"]),
        (["text/plain;charset=utf-8"], ["text/plain"], ["text/plain"]),
        (["text/plain"], ["text/plain", "text/html"], ["text/plain"]),
        (["text/plain"], ["text/plain, text/html"], ["text/plain"]),
        (["text/plain"], [""], ["text/plain"]),
        ([], ["text/html"], []),
    ],
)
def test_section_3_2_nor_is_the_stored_body_of_another_type_after_a_304(
    old: list[str], new: list[str], then: list[str]
) -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/")
        rig.say(said(TAG, *(("content-type", value) for value in new), status=304))
        rig.now += 100
        for _ in range(2):
            assert (await rig.get("/")).all("content-type") == then

    play(script, said(FRESH, TAG, *(("content-type", value) for value in old)))


def test_section_3_2_a_304_may_give_another_lifetime_or_take_it_away() -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/")
        rig.say(
            said(("cache-control", "max-age=3600"), ("date", rig.date(100)), status=304),
            said(("cache-control", "no-store"), status=304),
        )
        rig.now += 100
        await rig.get("/")
        rig.now += 3599
        assert (await rig.get("/")).hit
        rig.now += 1
        assert (await rig.get("/")).body == b"whole"
        assert (await rig.cache.edge.store.usage()).entries == 0

    play(script, said(FRESH, TAG))


def test_section_3_2_the_age_of_a_304_is_that_of_what_it_confirms() -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/")
        rig.say(said(("age", "20"), status=304))
        rig.now += 100
        assert (await rig.get("/")).age == 20
        rig.say(said(status=304))
        rig.now += 40
        assert (await rig.get("/")).age is None

    play(script, said(FRESH, TAG, ("age", "10")))


def test_section_4_3_4_a_304_about_something_else_updates_nothing_and_the_whole_is_asked_for() -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/", ("foo", "1"))
        rig.say(
            said(("etag", '"b"'), ("x-a", "wrong"), status=304), said(FRESH, ("etag", '"b"'), body=b"new")
        )
        rig.now += 100
        got = await rig.get("/", ("foo", "1"))
        assert (got.body, got.get("x-a"), rig.asked[2].headers) == (b"new", None, (("foo", "1"),))

    play(script, said(FRESH, TAG))


def test_section_4_3_4_a_304_that_names_no_validator_answers_the_only_question_put() -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/")
        rig.say(said(status=304))
        rig.now += 100
        assert (await rig.get("/")).body == b"whole"

    play(script, said(FRESH, TAG))
    play(script, said(FRESH, CHANGED))


def test_a_304_that_nobody_asked_for_is_no_answer() -> None:
    async def script(rig: Rig) -> None:
        assert (await rig.get("/")).status == 502

    play(script, said(status=304))


def test_a_304_that_sets_a_cookie_is_for_one_visitor_and_keeps_the_page_for_nobody() -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/")
        rig.say(said(("set-cookie", "a=1"), status=304), Answer())
        rig.now += 100
        got = await rig.get("/")
        assert (got.status, got.body, got.get("set-cookie")) == (200, b"whole", "a=1")
        assert (await rig.get("/")).get("set-cookie") is None

    play(script, said(FRESH, TAG))


def test_section_4_3_1_what_a_visitor_asks_on_a_condition_is_asked_whole_and_then_kept() -> None:
    async def script(rig: Rig) -> None:
        got = await rig.get("/", ("if-none-match", '"a"'))
        assert (got.status, got.body, rig.asked[0].headers) == (304, b"", ())
        got = await rig.get("/")
        assert (got.hit, got.body) == (True, b"whole")

    play(script, said(FRESH, TAG))


def test_where_answers_were_private_a_visitors_condition_goes_to_the_origin() -> None:
    private = ("cache-control", "private")

    async def script(rig: Rig) -> None:
        assert (await rig.get("/", ("if-none-match", '"a"'))).status == 200
        got = await rig.get("/", ("if-none-match", '"a"'))
        assert (got.status, got.body) == (304, b"")
        assert rig.asked[1].headers == (("if-none-match", '"a"'),)

    play(script, said(private, TAG), said(private, TAG, status=304))


def test_section_4_3_5_the_answer_to_head_updates_the_stored_get() -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/")
        rig.say(said(FRESH, TAG, ("x-a", "2"), ("content-length", "5")))
        rig.now += 100
        head = await rig.get("/", method="HEAD")
        assert (rig.asked[1].method, head.body, head.get("x-a")) == ("HEAD", b"", "2")
        got = await rig.get("/")
        assert (got.hit, got.body, got.get("x-a"), got.get("x-b")) == (True, b"whole", "2", "1")

    play(script, said(FRESH, TAG, ("x-a", "1"), ("x-b", "1")))


@pytest.mark.parametrize(
    "field", [("etag", '"b"'), ("content-length", "6"), ("last-modified", http_date(START - 10))]
)
def test_section_4_3_5_or_shows_it_to_be_out_of_date(field: tuple[str, str]) -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/")
        rig.say(said(FRESH, field), said(FRESH, TAG, body=b"new"))
        rig.now += 100
        await rig.get("/", method="HEAD")
        got = await rig.get("/")
        assert (got.hit, got.body, rig.asked[-1].headers) == (False, b"new", ())

    play(script, said(FRESH, TAG, CHANGED))


def test_section_4_3_5_nothing_is_kept_of_a_head() -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/", method="HEAD")
        got = await rig.get("/")
        assert (got.hit, got.body) == (False, b"whole")

    play(script)
