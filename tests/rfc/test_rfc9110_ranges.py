"""RFC 9110 section 14: parts, cut from a stored whole."""

from __future__ import annotations

import pytest
from rig import START, Rig, play, said

from isrgen.caching.dates import http_date

FRESH = ("cache-control", "max-age=600")
TAG = ("etag", '"a"')
CHANGED = ("last-modified", http_date(START - 1000))
BODY = b"0123456789"


@pytest.mark.parametrize(
    ("field", "status", "body", "content_range"),
    [
        ("bytes=0-1", 206, b"01", "bytes 0-1/10"),
        ("bytes=8-", 206, b"89", "bytes 8-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=-30", 206, BODY, "bytes 0-9/10"),
        ("bytes=8-99", 206, b"89", "bytes 8-9/10"),
        ("bytes=0-0", 206, b"0", "bytes 0-0/10"),
        ("Bytes=0-1", 206, b"01", "bytes 0-1/10"),
        ("bytes= 0-1 ", 206, b"01", "bytes 0-1/10"),
        ("bytes=10-", 416, b"", "bytes */10"),
        ("bytes=-0", 416, b"", "bytes */10"),
        ("bytes=2-1", 200, BODY, None),
        ("bytes=a-b", 200, BODY, None),
        ("bytes=", 200, BODY, None),
        ("bytes 0-1", 200, BODY, None),
        ("lines=0-1", 200, BODY, None),
        ("bytes=0-1,", 200, BODY, None),
        ("bytes=0-,0-,0-", 200, BODY, None),
        ("bytes=" + ",".join("0-0" for _ in range(100)), 200, BODY, None),
        ("bytes=\xb2-3", 200, BODY, None),
    ],
)
def test_section_14_2_a_range_is_cut_from_the_stored_response(
    field: str, status: int, body: bytes, content_range: str | None
) -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/")
        got = await rig.get("/", ("range", field))
        assert (got.status, got.body, got.get("content-range")) == (status, body, content_range)
        assert (got.hit, got.all("content-length"), got.get("x-a")) == (True, [str(len(body))], "1")
        assert (await rig.get("/", ("range", field), method="HEAD")).status == 200

    play(script, said(FRESH, TAG, ("x-a", "1"), body=BODY))


def test_section_14_6_several_parts_come_in_one_message() -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/")
        got = await rig.get("/", ("range", "bytes=0-1, -2"))
        kind, _, boundary = (got.get("content-type") or "").partition("; boundary=")
        assert (got.status, kind, got.get("content-range")) == (206, "multipart/byteranges", None)
        mark = f"--{boundary}\r\nContent-Type: text/plain\r\nContent-Range: bytes "
        assert got.body.decode() == f"{mark}0-1/10\r\n\r\n01\r\n{mark}8-9/10\r\n\r\n89\r\n--{boundary}--\r\n"
        assert got.get("content-length") == str(len(got.body))

    play(script, said(FRESH, TAG, ("content-type", "text/plain"), body=BODY))


@pytest.mark.parametrize(
    ("stored", "condition", "status"),
    [
        ([TAG], '"a"', 206),
        ([TAG], '"b"', 200),
        ([TAG], 'W/"a"', 200),
        ([("etag", 'W/"a"')], 'W/"a"', 200),
        ([], '"a"', 200),
        ([CHANGED], CHANGED[1], 206),
        ([CHANGED], http_date(START - 999), 200),
        ([CHANGED], "garbage", 200),
        # A date that could be that of two versions is no strong validator (section 8.8.2.2).
        ([("date", http_date(START))], http_date(START), 200),
        ([("date", http_date(START)), ("last-modified", http_date(START))], http_date(START), 200),
    ],
)
def test_section_13_1_5_if_range_asks_for_the_very_same_bytes(
    stored: list[tuple[str, str]], condition: str, status: int
) -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/")
        got = await rig.get("/", ("range", "bytes=0-1"), ("if-range", condition))
        assert (got.status, got.hit) == (status, True)

    play(script, said(FRESH, *stored, body=BODY))


def test_section_13_2_2_a_304_comes_before_a_part() -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/")
        got = await rig.get("/", ("range", "bytes=0-1"), ("if-none-match", '"a"'))
        assert (got.status, got.body) == (304, b"")

    play(script, said(FRESH, TAG, body=BODY))


def test_section_14_3_an_origin_that_wants_no_ranges_gets_none() -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/")
        assert (await rig.get("/", ("range", "bytes=0-1"))).status == 200

    play(script, said(FRESH, ("accept-ranges", "none"), body=BODY))


def test_a_range_of_what_is_not_stored_is_the_origins_to_answer_and_kept_for_nobody() -> None:
    async def script(rig: Rig) -> None:
        asked = (("range", "bytes=0-1"), ("if-range", '"a"'))
        got = await rig.get("/", *asked)
        assert (got.status, got.body, got.get("content-range")) == (206, b"01", "bytes 0-1/10")
        assert rig.asked[0].headers == asked
        assert (await rig.cache.edge.store.usage()).entries == 0

    play(script, said(FRESH, ("content-range", "bytes 0-1/10"), body=b"01", status=206))


def test_an_origin_that_ignores_ranges_is_passed_through_too() -> None:
    async def script(rig: Rig) -> None:
        for _ in range(2):
            got = await rig.get("/", ("range", "bytes=0-1"))
            assert (got.status, got.body, got.hit) == (206, b"01", False)

    play(script, said(FRESH, body=BODY))


def test_of_a_stale_response_the_whole_is_asked_for_and_the_part_cut_from_it() -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/")
        rig.now += 700
        rig.say(said(FRESH, ("etag", '"b"'), body=b"abcdefghij"))
        got = await rig.get("/", ("range", "bytes=0-1"))
        assert (got.status, got.body, rig.asked[1].headers) == (206, b"ab", (("if-none-match", '"a"'),))
        got = await rig.get("/")
        assert (got.hit, got.body) == (True, b"abcdefghij")

    play(script, said(FRESH, TAG, body=BODY))


def test_a_304_to_our_own_question_gives_a_part_too() -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/")
        rig.now += 700
        rig.say(said(status=304))
        got = await rig.get("/", ("range", "bytes=-1"))
        assert (got.status, got.body) == (206, b"9")

    play(script, said(FRESH, TAG, body=BODY))
