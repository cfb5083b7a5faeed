"""RFC 9111 sections 2 and 4.1, RFC 9110 section 12.5.5: which stored response a request selects."""

from __future__ import annotations

import pytest
from rig import Rig, play, said

from isrgen.caching.policy import MAX_VARIANTS

FRESH = ("cache-control", "max-age=60")


def same(first: tuple[str, str, str], second: tuple[str, str, str]) -> bool:
    """Whether (scheme, host, target) and another are one URL to the cache."""
    found: list[bool] = []

    async def script(rig: Rig) -> None:
        for scheme, host, target in (first, second):
            found.append((await rig.get(target, scheme=scheme, host=host)).hit)
        assert [request.target for request in rig.asked] == [first[2], second[2]][: len(rig.asked)]

    play(script)
    return found[1]


BASE = ("http", "example.org", "/a/b?x=1&y=2")


@pytest.mark.parametrize(
    "other",
    [
        ("http", "EXAMPLE.org", "/a/b?x=1&y=2"),
        ("http", "example.org:80", "/a/b?x=1&y=2"),
        ("http", "example.org", "/%61/b?x=%31&y=2"),
    ],
)
def test_section_2_two_spellings_of_one_url_are_one_key(other: tuple[str, str, str]) -> None:
    """RFC 3986 section 6.2.2."""
    assert same(BASE, other)


@pytest.mark.parametrize(
    "other",
    [
        ("https", "example.org", "/a/b?x=1&y=2"),
        ("http", "www.example.org", "/a/b?x=1&y=2"),
        ("http", "example.org:8080", "/a/b?x=1&y=2"),
        ("http", "example.org:443", "/a/b?x=1&y=2"),
        ("http", "example.org", "/a%2Fb?x=1&y=2"),
        ("http", "example.org", "/a/b?y=2&x=1"),
        ("http", "example.org", "/a/b?x=1&y=2&"),
        ("http", "example.org", "/a/b?x=1%26y=2"),
        ("http", "example.org", "/a/b"),
        ("http", "example.org", "/A/b?x=1&y=2"),
        ("http", "example.org", "/a//b?x=1&y=2"),
        ("http", "example.org", "/a/./b?x=1&y=2"),
        ("http", "example.org", "/a/c/../b?x=1&y=2"),
        ("http", "example.org", "/a/b/?x=1&y=2"),
    ],
)
def test_section_2_what_an_origin_may_tell_apart_is_two_keys(other: tuple[str, str, str]) -> None:
    assert not same(BASE, other)


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("/%e4", "/%E4", True),
        ("/%7Ea", "/~a", True),
        ("/a%2fb", "/a%2Fb", True),
        ("/a%2fb", "/a/b", False),
        ("/%25 61".replace(" ", ""), "/%61", False),
        ("/?", "/", False),
        ("/a+b", "/a%20b", False),
        ("/a;b", "/a%3Bb", False),
    ],
)
def test_section_2_escapes(one: str, other: str, alike: bool) -> None:
    """What is invalid in one spelling is in the other; whether one may answer for the other is not asked."""

    async def script(rig: Rig) -> None:
        await rig.get(other)
        await rig.get(one, method="DELETE")
        assert (await rig.get(other)).hit is not alike

    play(script)


def test_section_2_the_origin_is_asked_for_what_the_visitor_wrote() -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/%7e%2f//a?b=%e4&&", host="example.org:8000")
        assert (rig.asked[0].target, rig.asked[0].host) == ("/%7e%2f//a?b=%e4&&", "example.org:8000")

    play(script)


def test_a_url_that_is_longer_than_any_is_passed_through() -> None:
    async def script(rig: Rig) -> None:
        for _ in range(2):
            assert not (await rig.get("/" + "a" * 5000)).hit
        assert (await rig.cache.edge.store.usage()).entries == 0

    play(script)


@pytest.mark.parametrize(
    "lines",
    [["*"], ["*, *"], [", *"], ["", "*"], ["*, Foo"], ["Foo, *"], ["Foo", "*"], ["Foo,\t*"], ["*,"]],
)
def test_section_4_1_a_star_anywhere_in_vary_matches_nobody(lines: list[str]) -> None:
    async def script(rig: Rig) -> None:
        for _ in range(2):
            assert not (await rig.get("/", ("foo", "1"))).hit

    play(script, said(FRESH, *(("vary", line) for line in lines)))


Fields = tuple[tuple[str, str], ...]


@pytest.mark.parametrize(
    ("vary", "first", "second", "matches"),
    [
        (["Foo"], (("foo", "1"),), (("foo", "1"),), True),
        (["Foo"], (("foo", "1"),), (("foo", "2"),), False),
        (["fOO"], (("foo", "1"),), (("foo", "2"),), False),
        (["Foo"], (("foo", "1"),), (), False),
        (["Foo"], (), (("foo", "1"),), False),
        (["Foo"], (), (("foo", ""),), False),
        (["Foo"], (("foo", "1"), ("bar", "1")), (("foo", "1"), ("bar", "2")), True),
        (["Foo, Bar"], (("foo", "1"), ("bar", "1")), (("foo", "1"), ("bar", "2")), False),
        (["Foo", "Bar"], (("foo", "1"), ("bar", "1")), (("foo", "1"), ("bar", "2")), False),
        (["Foo,,Bar ,"], (("foo", "1"), ("bar", "1")), (("bar", "1"), ("foo", "1")), True),
        (["Foo, Bar, Baz"], (("foo", "1"), ("baz", "3")), (("foo", "1"), ("baz", "3")), True),
        (["Foo, Bar, Baz"], (("foo", "1"), ("baz", "3")), (("foo", "1"), ("bar", ""), ("baz", "3")), False),
        (["Foo"], (("foo", "1, 2"),), (("foo", "1"), ("foo", "2")), True),
        (["Foo"], (("foo", "1"),), (("foo", "\t1 "),), True),
        (["Foo"], (("foo", "a  b"),), (("foo", "a b"),), False),
        (["Foo"], (("foo", "A"),), (("foo", "a"),), False),
        (["Accept-Language"], (("accept-language", "en, de"),), (("accept-language", "EN ,de"),), True),
        (["Accept-Language"], (("accept-language", "en, de"),), (("accept-language", "de, en"),), False),
        (["Accept-Encoding"], (("accept-encoding", "gzip;q=1"),), (("accept-encoding", "GZIP ; q=1"),), True),
        (["Accept"], (("accept", 'a/b;x="1, 2"'),), (("accept", 'a/b;x="1,2"'),), False),
        (["Cookie"], (("cookie", "a=1; b=2"),), (("cookie", "a=1"), ("cookie", "b=2")), True),
        (["Foo"], (("foo", "x" * 3000 + "1"),), (("foo", "x" * 3000 + "2"),), False),
    ],
)
def test_section_4_1_the_fields_that_vary_names_have_to_match(
    vary: list[str], first: Fields, second: Fields, matches: bool
) -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/", *first)
        assert (await rig.get("/", *second)).hit is matches

    play(script, said(FRESH, *(("vary", line) for line in vary)))


def test_section_4_1_variants_lie_side_by_side() -> None:
    async def script(rig: Rig) -> None:
        for value in "ab":
            assert (await rig.get("/", ("foo", value))).body == value.encode()
        for value in "ab":
            got = await rig.get("/", ("foo", value))
            assert (got.hit, got.body) == (True, value.encode())
        assert (await rig.get("/", ("foo", "c"))).cache.startswith("isrgen; fwd=vary-miss")

    vary = ("vary", "Foo")
    play(script, said(FRESH, vary, body=b"a"), said(FRESH, vary, body=b"b"), said(FRESH, vary, body=b"c"))


def test_section_4_1_of_two_that_match_the_newer_is_sent() -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/", ("foo", "1"), ("bar", "1"))
        await rig.get("/", ("foo", "1"), ("bar", "2"))
        assert (await rig.get("/", ("foo", "1"), ("bar", "1"))).body == b"new"

    first = said(FRESH, ("vary", "Foo, Bar"), body=b"old")
    play(script, first, said(FRESH, ("vary", "Foo"), body=b"new"))


def test_section_4_1_variants_of_one_url_are_bounded_in_number() -> None:
    async def script(rig: Rig) -> None:
        for number in range(MAX_VARIANTS + 40):
            await rig.get("/", ("foo", str(number)))
        assert (await rig.cache.edge.store.usage()).entries == MAX_VARIANTS

    play(script, said(FRESH, ("vary", "foo")))


def test_a_body_in_a_get_is_in_no_key_and_so_nothing_is_kept_of_it() -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/", body=b"make it mine")
        assert not (await rig.get("/")).hit
        await rig.get("/", body=b"make it mine")
        assert rig.asked[-1].body is not None

    play(script)


@pytest.mark.parametrize("method", ["POST", "OPTIONS", "get", "PROPFIND", "TRACE"])
def test_section_4_another_method_is_never_answered_from_a_get(method: str) -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/")
        got = await rig.get("/", method=method)
        assert (got.hit, rig.asked[-1].method, got.cache) == (False, method, "isrgen; fwd=method")

    play(script)


def test_section_4_head_is_answered_from_a_get() -> None:
    async def script(rig: Rig) -> None:
        get, head = await rig.get("/"), await rig.get("/", method="HEAD")
        assert (head.hit, head.status, head.get("content-length")) == (True, 200, "5")
        assert set(get.headers) == set(head.headers)

    play(script)
