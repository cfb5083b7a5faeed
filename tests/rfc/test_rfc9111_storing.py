"""RFC 9111 section 3: what a shared cache may store, and what of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from rig import START, Answer, Rig, play, said

from isrgen.caching.dates import http_date
from isrgen.edge.origin import OriginError

CACHE = "cache-control"
FRESH = (CACHE, "max-age=60")
LATER = ("expires", http_date(START + 60))
DATED = ("date", http_date(START))


def is_reused(
    *headers: tuple[str, str], status: int = 200, request: tuple[tuple[str, str], ...] = ()
) -> bool:
    """Whether a second, plain visitor gets what the first one's request brought."""
    found: list[bool] = []

    async def script(rig: Rig) -> None:
        await rig.get("/", *request)
        found.append((await rig.get("/")).hit)

    play(script, said(*headers, status=status))
    return found[0]


@pytest.mark.parametrize(
    "status", [200, 203, 204, 299, 300, 301, 302, 303, 307, 308, 403, 404, 405, 410, 414]
)
def test_section_3_a_final_status_with_a_lifetime_is_kept(status: int) -> None:
    assert is_reused(FRESH, status=status)
    assert is_reused(LATER, DATED, status=status)


@pytest.mark.parametrize("status", [206, 304, 400, 401, 407, 408, 412, 413, 416, 417, 425, 428, 429, 431])
def test_section_3_a_part_a_confirmation_or_a_refusal_of_one_request_is_never_kept(status: int) -> None:
    assert not is_reused((CACHE, "public, s-maxage=60"), status=status)


@pytest.mark.parametrize("status", [500, 501, 502, 503, 504, 599])
def test_section_3_an_error_of_the_origins_is_never_kept_though_that_would_be_allowed(status: int) -> None:
    assert not is_reused((CACHE, "public, max-age=60"), status=status)


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (("etag", '"a"'), DATED),
        (("last-modified", http_date(START - 1e6)), DATED),
        ((CACHE, "public"), ("last-modified", http_date(START - 1e6))),
        (("pragma", "public"),),
    ],
)
def test_section_4_2_2_there_is_no_heuristic_freshness(headers: tuple[tuple[str, str], ...]) -> None:
    assert not is_reused(*headers)
    assert not is_reused(*headers, status=410)


@pytest.mark.parametrize(
    "field",
    [
        "no-store, max-age=60",
        "max-age=60, No-Store",
        "max-age=60, no-store=yes",
        "private, max-age=60",
        'private="x-name", max-age=60',
        "PRIVATE, s-maxage=60, public",
    ],
)
def test_section_5_2_2_no_store_and_private_are_obeyed(field: str) -> None:
    assert not is_reused((CACHE, field))


def test_section_5_2_2_directives_count_on_whichever_line_they_are() -> None:
    assert not is_reused((CACHE, "max-age=60"), (CACHE, "no-store"))
    assert is_reused((CACHE, "foo"), (CACHE, "max-age=60"))


@pytest.mark.parametrize(
    ("field", "status", "kept"),
    [
        ("must-understand, no-store, max-age=60", 200, True),
        ("no-store, must-understand, max-age=60", 404, True),
        ("must-understand, max-age=60", 299, False),
        ("must-understand, no-store, max-age=60", 499, False),
        ("must-understand, private, max-age=60", 200, False),
    ],
)
def test_section_5_2_2_3_must_understand_stands_above_no_store(field: str, status: int, kept: bool) -> None:
    assert is_reused((CACHE, field), status=status) is kept


AUTHORIZED = (("authorization", "Basic Zm9v"),)


@pytest.mark.parametrize(
    ("field", "kept"),
    [
        ("max-age=60", False),
        ("max-age=60, proxy-revalidate", False),
        ("max-age=60, public", True),
        ("max-age=60, must-revalidate", True),
        ("s-maxage=60", True),
        ("s-maxage=60, private", False),
    ],
)
def test_section_3_5_a_response_to_a_request_with_authorization_is_kept_only_with_leave(
    field: str, kept: bool
) -> None:
    assert is_reused((CACHE, field), request=AUTHORIZED) is kept


@pytest.mark.parametrize(("field", "shared"), [("max-age=60", False), ("public, max-age=60", True)])
def test_section_3_5_a_request_with_authorization_gets_only_what_has_that_leave(
    field: str, shared: bool
) -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/")
        got = await rig.get("/", *AUTHORIZED)
        assert (got.hit, len(rig.asked)) == ((True, 1) if shared else (False, 2))
        if not shared:
            assert rig.asked[1].headers == AUTHORIZED
        assert (await rig.get("/")).hit

    play(script, said((CACHE, field)))


def test_section_3_5_nor_what_others_had_stored_while_it_was_on_its_way() -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/")
        (others,) = await rig.store.get("http://example.org/")
        rig.say(said((CACHE, "public, max-age=60"), body=b"own"))
        rig.gate.clear()
        visit = asyncio.ensure_future(rig.get("/", ("authorization", "a")))
        await rig.rest()
        assert await rig.store.put("http://example.org/", replace(others, generated_at=rig.now + 1), 0)
        rig.now += 2
        rig.gate.set()
        assert (await visit).body == b"own"

    play(script, said(FRESH, body=b"for others"))


def test_section_3_5_the_answer_to_credentials_takes_nothing_away_from_others() -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/")
        rig.say(said(status=401), said(FRESH, body=b"again"))
        rig.now += 100
        assert (await rig.get("/", *AUTHORIZED)).status == 401
        assert rig.asked[-1].headers == AUTHORIZED
        assert (await rig.store.usage()).entries == 1
        assert (await rig.get("/")).body == b"again"

    play(script, said((CACHE, "public, max-age=60")))


@pytest.mark.parametrize("refused", [said(status=503), Answer(error=OriginError("late", 504))])
def test_section_3_5_nor_does_a_failure_of_credentials_keep_others_from_the_origin(refused: Answer) -> None:
    """Whoever sends any credentials could otherwise have everybody sent what is stale."""
    windows = ("cache-control", "max-age=60, stale-if-error=600")

    async def script(rig: Rig) -> None:
        await rig.get("/")
        rig.say(refused, said(windows, body=b"new"))
        rig.now += 100
        assert (await rig.get("/", ("authorization", "any"))).status >= 500
        assert (await rig.get("/")).body == b"new"

    play(script, said(windows))


def test_section_7_3_a_response_that_sets_a_cookie_is_for_one_visitor() -> None:
    """The RFC lets it be kept; nobody means to send one visitor's session to the next."""
    assert not is_reused((CACHE, "public, s-maxage=60"), ("set-cookie", "session=1"))


def test_section_7_3_a_cookie_in_the_request_changes_nothing_unless_vary_says_so() -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/", ("cookie", "a=1"))
        assert rig.asked[0].headers == (("cookie", "a=1"),)
        assert (await rig.get("/", ("cookie", "a=2"))).hit

    play(script)


def test_section_3_1_fields_between_two_connections_are_not_stored() -> None:
    dropped = {
        "connection": "x-mine, close",
        "x-mine": "1",
        "keep-alive": "5",
        "te": "trailers",
        "proxy-authenticate": "Basic",
        "proxy-authentication-info": "x",
        "proxy-authorization": "x",
        "upgrade": "h2c",
    }

    async def script(rig: Rig) -> None:
        await rig.get("/")
        got = await rig.get("/")
        assert got.hit
        assert not {name for name, _ in got.headers} & dropped.keys()
        assert got.get("x-yours") == "2"

    play(script, said(FRESH, ("x-yours", "2"), *dropped.items()))


def test_section_3_1_every_other_field_is_sent_as_it_came_line_by_line() -> None:
    fields = (FRESH, ("x-a", "1"), ("x-b", "  2  "), ("x-a", "3"), ("unknown", "\xe9"), DATED)

    async def script(rig: Rig) -> None:
        first, second = await rig.get("/"), await rig.get("/")
        for got in (first, second):
            told = [pair for pair in got.headers if pair[0] != "content-length"]
            assert told == [(name, value.strip()) for name, value in fields]
            assert got.get("content-length") == "5"

    play(script, said(*fields))


@pytest.mark.parametrize("dead", [Answer(error=OriginError("refused")), Answer(cut=True)])
def test_section_3_our_own_words_are_kept_by_no_cache_further_down(dead: Answer) -> None:
    async def script(rig: Rig) -> None:
        got = await rig.get("/")
        assert (got.status, got.all("cache-control")) == (502, ["no-store"])

    play(script, dead)


def test_section_3_3_what_broke_off_is_neither_kept_nor_sent_as_if_it_were_whole() -> None:
    async def script(rig: Rig) -> None:
        assert (await rig.get("/")).status == 502
        assert (await rig.get("/")).body == b"whole"

    play(script, Answer(cut=True), Answer())


@pytest.mark.parametrize("length", ["4", "6"])
def test_section_3_3_a_body_that_is_not_as_long_as_it_says_is_not_kept(length: str) -> None:
    async def script(rig: Rig) -> None:
        assert (await rig.get("/")).status == 502
        assert (await rig.cache.edge.store.usage()).entries == 0

    play(script, said(FRESH, ("content-length", length)))


def test_section_3_4_a_part_is_passed_through_and_never_taken_for_the_whole() -> None:
    part = said(FRESH, ("content-range", "bytes 0-1/5"), body=b"wh", status=206)

    async def script(rig: Rig) -> None:
        got = await rig.get("/", ("range", "bytes=0-1"))
        assert (got.status, got.body, rig.asked[0].headers) == (206, b"wh", (("range", "bytes=0-1"),))
        got = await rig.get("/")
        assert (got.status, got.body, got.hit) == (200, b"whole", False)

    play(script, part, Answer())


def test_what_is_larger_than_may_be_kept_is_streamed_whole() -> None:
    async def script(rig: Rig) -> None:
        for _ in range(2):
            got = await rig.get("/")
            assert (got.body, got.hit, got.served.stream is None) == (b"x" * 500, False, False)

    play(script, said(FRESH, body=b"x" * 500), max_body=400)
    play(script, said(FRESH, ("content-length", "500"), body=b"x" * 500), max_body=400)


def test_what_is_too_slow_to_wait_for_is_streamed_whole() -> None:
    async def script(rig: Rig) -> None:
        got = await rig.get("/")
        assert (got.body, got.served.stream is None) == (b"whole", False)
        assert got.cache == "isrgen; fwd=uri-miss; detail=too-slow"
        assert not (await rig.get("/")).hit

    play(script, Answer(pause=20.0), deadline=30.0)


@pytest.mark.parametrize("name", ["x\ny", "a b", ""])
def test_a_field_that_is_none_makes_the_answer_none(name: str) -> None:
    async def script(rig: Rig) -> None:
        assert (await rig.get("/")).status == 502

    play(script, said(FRESH, (name, "1")))
    play(script, said(FRESH, ("x-a", "1\r\nset-cookie: a=1")))
