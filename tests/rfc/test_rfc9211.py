"""RFC 9211: Cache-Status says what this cache did, after what others said."""

from __future__ import annotations

import re

import pytest
from rig import Answer, Rig, play, said

from isrgen.caching.status import CacheStatus, Fwd
from isrgen.edge.origin import OriginError

FRESH = ("cache-control", "max-age=60")


def test_section_2_the_ways_of_a_request() -> None:
    async def script(rig: Rig) -> None:
        steps = [
            (0, "GET", (), "isrgen; fwd=uri-miss; stored"),
            (0, "GET", (), "isrgen; hit; ttl=60"),
            (20, "GET", (), "isrgen; hit; ttl=40"),
            (0, "HEAD", (), "isrgen; hit; ttl=40"),
            (0, "GET", (("foo", "2"),), "isrgen; fwd=vary-miss; stored"),
            (70, "GET", (("foo", "2"),), "isrgen; fwd=stale; stored"),
            (0, "POST", (), "isrgen; fwd=method"),
            (0, "GET", (("range", "bytes=0-"),), "isrgen; fwd=uri-miss"),
        ]
        for seconds, method, headers, expected in steps:
            rig.now += seconds
            assert (await rig.get("/", *headers, method=method)).cache == expected

    play(script, said(FRESH, ("vary", "foo")))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (said(("cache-control", "private")), "private"),
        (said(("cache-control", "no-store")), "no-store"),
        (said(("cache-control", "max-age=a")), "doubtful"),
        (said(FRESH, ("vary", "*")), "vary"),
        (said(FRESH, ("set-cookie", "a=1")), "set-cookie"),
        (said(), "no-lifetime"),
        (said(FRESH, status=503), "status"),
        (said(FRESH, body=b"x" * 20_000), "too-large"),
        (Answer(error=OriginError("refused")), "unreachable"),
    ],
)
def test_section_2_8_the_detail_tells_why_nothing_was_kept(answer: Answer, reason: str) -> None:
    async def script(rig: Rig) -> None:
        assert (await rig.get("/")).cache == f"isrgen; fwd=uri-miss; detail={reason}"

    play(script, answer)


def test_section_2_8_a_request_with_credentials() -> None:
    async def script(rig: Rig) -> None:
        got = await rig.get("/", ("authorization", "Basic Zm9v"))
        assert got.cache == "isrgen; fwd=uri-miss; detail=authorization"

    play(script)


def test_section_2_what_caches_nearer_to_the_origin_said_stays_before_it() -> None:
    async def script(rig: Rig) -> None:
        for _ in range(2):
            got = await rig.get("/")
            assert got.all("cache-status") == ["Origin; hit", "Middle; fwd=miss"]

    play(script, said(FRESH, ("cache-status", "Origin; hit"), ("cache-status", "Middle; fwd=miss")))


@pytest.mark.parametrize(
    ("detail", "written"), [("plain", "plain"), ("two words", '"two words"'), ('a"b\\c\x07', '"a\\"b\\\\c?"')]
)
def test_section_2_the_field_is_a_structured_one(detail: str, written: str) -> None:
    """RFC 9651 section 4.1."""
    status = CacheStatus(fwd=Fwd.STALE, fwd_status=304, stored=True, collapsed=True, ttl=-3, detail=detail)
    text = str(status)
    assert text == f"isrgen; fwd=stale; fwd-status=304; stored; collapsed; ttl=-3; detail={written}"
    assert re.fullmatch(r"[\x20-\x7e]+", text)


def test_section_2_2_there_is_a_word_for_every_way_to_the_origin() -> None:
    assert {fwd.value for fwd in Fwd} == {
        "bypass", "method", "uri-miss", "vary-miss", "miss", "request", "stale", "partial",
    }  # fmt: skip
