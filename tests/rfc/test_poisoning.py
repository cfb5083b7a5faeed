"""What one visitor can say so that others get an answer to it: nothing (RFC 9111 section 7.1)."""

from __future__ import annotations

import pytest
from rig import START, Answer, Rig, play, said

from isrgen.caching.dates import http_date
from isrgen.edge.origin import OriginError

FRESH = ("cache-control", "max-age=60")


@pytest.mark.parametrize("name", ["X-Forwarded-For", "Forwarded", "Accept, forwarded", "Foo,X-FORWARDED-FOR"])
def test_an_origin_that_tells_visitors_apart_by_their_address_is_not_kept(name: str) -> None:
    """The proxy itself tells the origin who the visitor is: in no request that selects is that a field."""

    async def script(rig: Rig) -> None:
        await rig.get("/")
        assert not (await rig.get("/")).hit

    play(script, said(FRESH, ("vary", name)))


@pytest.mark.parametrize(
    ("vary", "first", "hit"),
    [
        ("Accept-Language", ("accept_language", "de"), False),
        ("Accept_Language", ("accept-language", "de"), False),
        ("X-A-B", ("x_a-b", "1"), False),
        ("Accept", ("accept_language", "de"), True),
        ("X_A", ("x_a", "1"), False),
    ],
)
def test_a_field_that_some_origins_take_for_one_in_vary_selects_nothing(
    vary: str, first: tuple[str, str], hit: bool
) -> None:
    """CGI, WSGI and what is made like them know no difference between ``-`` and ``_``."""

    async def script(rig: Rig) -> None:
        await rig.get("/", first)
        assert (await rig.get("/")).hit is hit

    play(script, said(FRESH, ("vary", vary)))


def test_a_field_spelt_so_renews_nothing_either() -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/")
        rig.now += 100
        await rig.get("/", ("accept_language", "de"))
        assert [request.headers[-1] for request in rig.asked[1:]] == [("if-none-match", '"1"')]
        assert not (await rig.get("/")).hit

    fields = (FRESH, ("etag", '"1"'), ("vary", "Accept-Language"))
    play(script, said(*fields), said(*fields, status=304))


def test_a_refusal_for_what_one_request_looks_like_is_not_kept_though_that_would_be_allowed() -> None:
    """400 (CPDoS): what was wrong may be in a field that no key knows."""

    async def script(rig: Rig) -> None:
        assert (await rig.get("/", ("x-odd", "\x7f"))).status == 400
        got = await rig.get("/")
        assert (got.status, got.hit) == (200, False)

    play(script, said(FRESH, status=400), said(FRESH))


SHARED = (("cache-control", "public, max-age=60"), ("etag", '"1"'))
OWN = (("cache-control", "max-age=60"), ("etag", '"1"'), ("x-user", "alice"))


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_section_3_5_what_an_authorized_request_was_told_renews_nothing_for_others(method: str) -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/")
        rig.now += 100
        await rig.get("/", ("authorization", "alice"), method=method)
        for _ in range(2):
            assert (await rig.get("/")).get("x-user") is None

    play(script, said(*SHARED), said(*OWN, status=200 if method == "HEAD" else 304), said(*SHARED))


# How the attacker spells /page?q=a, and what the origin says to that.
SPELLINGS = ["/p%61ge?q=a", "/page?q=%61", "/%70%61%67%65?q=a"]
ANSWERS = [
    said(("location", "/page?q=a"), FRESH, status=301),
    said(FRESH, status=404),
    said(FRESH, body=b"the front page of some application"),
]


@pytest.mark.parametrize("spelt", SPELLINGS)
@pytest.mark.parametrize("answer", ANSWERS, ids=["a loop", "not found", "another page"])
def test_an_odd_spelling_of_a_url_is_no_way_to_put_another_page_under_it(spelt: str, answer: object) -> None:
    """RFC 3986 section 6.2.2.2 holds them for one; there are origins that do not."""

    async def script(rig: Rig) -> None:
        await rig.get(spelt)
        got = await rig.get("/page?q=a")
        assert (got.status, got.body, got.hit) == (200, b"the page", False)
        assert (await rig.get("/page?q=a")).hit

    play(script, answer, said(FRESH, body=b"the page"))  # type: ignore[arg-type]


def test_an_odd_spelling_is_answered_from_what_the_plain_one_brought() -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/page")
        assert (await rig.get("/p%61ge")).hit

    play(script)


def test_an_odd_spelling_is_kept_for_itself_refreshed_as_it_was_asked_for_and_purged_with_the_plain_one() -> (
    None
):
    stale = (("cache-control", "max-age=10, stale-while-revalidate=100"), ("date", http_date(START)))

    async def script(rig: Rig) -> None:
        await rig.get("/caf%c3%a9")
        assert (await rig.get("/caf%c3%a9")).hit
        rig.now += 20
        assert (await rig.get("/caf%c3%a9")).hit
        await rig.rest()
        assert [request.target for request in rig.asked] == ["/caf%c3%a9"] * 2
        assert all(not name.startswith(":") for request in rig.asked for name, _ in request.headers)
        await rig.get("/caf%C3%A9", method="DELETE")
        assert not (await rig.get("/caf%c3%a9")).hit

    play(script, said(*stale))


@pytest.mark.parametrize("failure", [Answer(status=500), Answer(error=OriginError("too slow", 504))])
def test_a_variant_that_makes_the_origin_fail_keeps_no_other_one_stale(failure: Answer) -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/")
        rig.now += 20
        await rig.get("/", ("foo", "evil"))
        assert (await rig.get("/")).cache.endswith("detail=revalidating")
        await rig.rest()
        assert (await rig.get("/")).body == b"new"

    lasting = (("cache-control", "max-age=10, stale-while-revalidate=100"), ("vary", "Foo"))
    play(script, said(*lasting), failure, said(*lasting, body=b"new"))
