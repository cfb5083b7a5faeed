"""RFC 9110 section 13 and RFC 9111 section 4.3.2: conditions that the cache judges itself."""

from __future__ import annotations

import pytest
from rig import START, Rig, play, said

from isrgen.caching.dates import http_date

FRESH = ("cache-control", "max-age=600")
TAG, WEAK = ("etag", '"a"'), ("etag", 'W/"a"')
CHANGED = ("last-modified", http_date(START - 1000))
DATED = ("date", http_date(START))


def rfc850(moment: float) -> str:
    """The obsolete form of a date."""
    day, date, month, year, time, _ = http_date(moment).split()
    names = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    return f"{next(n for n in names if n[:3] == day[:3])}, {date}-{month}-{year[2:]} {time} GMT"


@pytest.mark.parametrize(
    ("stored", "asked", "status"),
    [
        ([TAG], [("if-none-match", '"a"')], 304),
        ([TAG], [("if-none-match", '"b"')], 200),
        ([TAG], [("if-none-match", "*")], 304),
        ([TAG], [("if-none-match", '"x", "a"')], 304),
        ([TAG], [("if-none-match", '"x" , W/"a"')], 304),
        ([TAG], [("if-none-match", '"x"'), ("if-none-match", '"a"')], 304),
        ([TAG], [("if-none-match", "a")], 200),
        ([TAG], [("if-none-match", '"A"')], 200),
        ([TAG], [("if-none-match", '"a')], 200),
        ([WEAK], [("if-none-match", 'W/"a"')], 304),
        ([WEAK], [("if-none-match", '"a"')], 304),
        ([], [("if-none-match", '"a"')], 200),
        # Whoever has any copy at all asks so; nothing is compared (RFC 9110 section 13.1.2).
        ([], [("if-none-match", "*")], 304),
        ([CHANGED], [("if-modified-since", http_date(START - 1000))], 304),
        ([CHANGED], [("if-modified-since", http_date(START - 999))], 304),
        ([CHANGED], [("if-modified-since", http_date(START - 1001))], 200),
        ([CHANGED], [("if-modified-since", rfc850(START - 1000))], 304),
        ([CHANGED], [("if-modified-since", "yesterday")], 200),
        ([CHANGED], [("if-modified-since", "Thu, 18 Aug 2050 02:01:18")], 200),
        ([TAG, CHANGED], [("if-none-match", '"b"'), ("if-modified-since", http_date(START))], 200),
        ([TAG, CHANGED], [("if-none-match", '"a"'), ("if-modified-since", http_date(0))], 304),
        # Of what says nothing of its last change, its date counts (RFC 9111 section 4.3.2).
        ([DATED], [("if-modified-since", http_date(START))], 304),
        ([DATED], [("if-modified-since", http_date(START - 1))], 200),
        # These two are for the origin to judge (RFC 9110 sections 13.1.1 and 13.1.4).
        ([TAG], [("if-match", '"b"')], 200),
        ([CHANGED], [("if-unmodified-since", http_date(0))], 200),
    ],
)
def test_section_13_2_2_a_stored_response_meets_the_conditions_of_a_request(
    stored: list[tuple[str, str]], asked: list[tuple[str, str]], status: int
) -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/")
        for method in ("GET", "HEAD"):
            got = await rig.get("/", *asked, method=method)
            assert (got.status, got.hit, len(rig.asked)) == (status, True, 1)
            assert (got.body == b"") is (status == 304)

    play(script, said(FRESH, *stored))


def test_section_15_4_5_what_a_304_says_and_what_it_leaves_out() -> None:
    kept = [
        FRESH,
        TAG,
        DATED,
        CHANGED,
        ("content-location", "/x"),
        ("expires", http_date(START + 5)),
        ("vary", "foo"),
        ("cdn-cache-control", "max-age=600"),
        ("access-control-allow-origin", "*"),
    ]
    left_out = [
        ("content-type", "text/html"),
        ("content-encoding", "gzip"),
        ("content-language", "en"),
        ("content-md5", "x"),
    ]

    async def script(rig: Rig) -> None:
        await rig.get("/")
        rig.now += 20
        got = await rig.get("/", ("if-none-match", '"a"'))
        assert (got.status, list(got.headers), got.age) == (304, kept, 20)

    play(script, said(*kept, *left_out))


@pytest.mark.parametrize("status", [404, 301, 410, 204])
def test_section_13_2_1_a_condition_counts_only_where_the_answer_would_be_a_200(status: int) -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/")
        got = await rig.get("/", ("if-none-match", '"a"'), ("range", "bytes=0-1"))
        assert (got.status, got.hit) == (status, True)

    play(script, said(FRESH, TAG, status=status, body=b"" if status == 204 else b"whole"))


def test_a_stale_response_is_validated_before_a_condition_is_judged_by_it() -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/")
        rig.say(said(FRESH, ("etag", '"b"'), body=b"new"))
        rig.now += 700
        got = await rig.get("/", ("if-none-match", '"a"'))
        assert (got.status, got.body) == (200, b"new")
        got = await rig.get("/", ("if-none-match", '"b"'))
        assert (got.status, got.hit) == (304, True)

    play(script, said(FRESH, TAG))


def test_what_an_origin_refuses_for_a_visitors_condition_is_kept_for_nobody() -> None:
    async def script(rig: Rig) -> None:
        got = await rig.get("/", ("if-match", '"b"'))
        assert (got.status, rig.asked[0].headers) == (412, (("if-match", '"b"'),))
        assert (await rig.get("/")).body == b"whole"

    play(script, said(FRESH, status=412), said(FRESH))
