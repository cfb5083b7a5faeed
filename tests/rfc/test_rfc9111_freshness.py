"""RFC 9111 sections 4.2, 5.1 and 5.3: how long a response is fresh, and how old it is."""

from __future__ import annotations

import pytest
from rig import START, Answer, Rig, play, said

from isrgen.caching.dates import http_date, parse_date
from isrgen.edge.origin import OriginError

CACHE = "cache-control"
DATED = ("date", http_date(START))


def fresh_for(*headers: tuple[str, str]) -> int:
    """Whole seconds for which a response is sent without asking."""
    found = [0]

    async def script(rig: Rig) -> None:
        await rig.get("/")
        for second in (0, 1, 9, 10, 29, 30, 59, 60, 99, 100, 3599, 3600, 2**31 - 2):
            rig.now = START + second
            if not (await rig.get("/")).hit:
                return
            found[0] = second + 1

    play(script, said(*headers, ("etag", '"a"')))
    return found[0]


@pytest.mark.parametrize(
    ("field", "seconds"),
    [
        ("max-age=60", 60),
        ("MAX-AGE=60", 60),
        ("max-age=0060", 60),
        ("max-age=0", 0),
        ("s-maxage=60", 60),
        ("max-age=100, s-maxage=60", 60),
        ("s-maxage=60, max-age=100", 60),
        ("s-maxage=60, max-age=0", 60),
        ("s-maxage=0, max-age=60", 0),
        ("unknown, max-age=60", 60),
        ('unknown="max-age=3600", max-age=60', 60),
        ('max-age=60, unknown="a, max-age=3600"', 60),
        ("max-age=60, unknown=max-age=3600", 0),
        ('max-age="60"', 60),
        (" , ,max-age=60,, ", 60),
        ("max-age=60\t,\tpublic", 60),
        ("max-age=2147483648", 2**31 - 1),
        ("max-age=99999999999999999999", 2**31 - 1),
        ("max-age=60, max-age=60", 60),
    ],
)
def test_section_4_2_1_the_lifetime_is_s_maxage_else_max_age(field: str, seconds: int) -> None:
    assert fresh_for((CACHE, field)) == seconds


@pytest.mark.parametrize(
    "field",
    [
        "max-age=-60",
        "max-age=60.0",
        "max-age=60.5",
        "max-age=6a",
        "max-age='60'",
        "max-age=",
        "max-age",
        "max-age =60",
        "max-age= 60",
        "max-age=\uff16".encode().decode("latin-1"),
        "max-age=60 60",
        "max-age=60; public",
        'max-age="60',
        "max-age=60, max-age=70",
        "max-age=60, s-maxage=a",
        "public=1, max-age=60",
    ],
)
def test_section_4_2_1_what_cannot_be_understood_is_stale(field: str) -> None:
    assert fresh_for((CACHE, field), ("expires", http_date(START + 60)), DATED) == 0


@pytest.mark.parametrize(
    ("expires", "date", "seconds"),
    [
        (60, 0, 60),
        (0, 0, 0),
        (-60, 0, 0),
        (60, None, 60),
        # Both by the origin's own clock, which is ahead of ours.
        (160, 100, 60),
        (300, 400, 0),
    ],
)
def test_section_4_2_1_else_it_is_expires_less_date(expires: int, date: int | None, seconds: int) -> None:
    fields = [("expires", http_date(START + expires))]
    if date is not None:
        fields.append(("date", http_date(START + date)))
    assert fresh_for(*fields) == seconds


def test_section_5_3_max_age_stands_above_expires() -> None:
    past, later = ("expires", http_date(START - 60)), ("expires", http_date(START + 60))
    assert fresh_for((CACHE, "max-age=10"), past, DATED) == 10
    assert fresh_for((CACHE, "max-age=0"), later, DATED) == 0
    assert fresh_for((CACHE, "public"), later, DATED) == 60


@pytest.mark.parametrize(
    "value",
    [
        "0",
        "-1",
        "",
        "tomorrow",
        "Thu 18 Aug 2050 02:01:18 GMT",
        "Thu, 18 Aug 50 02:01:18 GMT",
        "Thu, 18  Aug  2050 02:01:18 GMT",
        "Thu, 18-Aug-2050 02:01:18 GMT",
        "Thu, 18 Aug 2050 02.01.18 GMT",
        "Thu, 18 Aug 2050 2:01:18 GMT",
        "Thu, 18 Aug 2050 02:01:18 UTC",
        "Thu, 18 Aug 2050 02:01:18 +0000",
        "Thu, 18 Aug 2050 02:01:18",
        "THU, 18 AUG 2050 02:01:18 GMT",
        "Thu, 31 Feb 2050 02:01:18 GMT",
        "Thu, 18 Aug 2050 24:01:18 GMT",
        "Thu, 18 Aug 2050 02:01:61 GMT",
        "Thu, 18 Aug 2050 02:01:18 GMT ; x",
        "Thu, 1\xb2 Aug 2050 02:01:18 GMT",
    ],
)
def test_section_5_3_expires_that_is_no_date_has_passed(value: str) -> None:
    assert fresh_for(("expires", value), DATED) == 0


def test_section_5_3_two_different_expires_have_passed() -> None:
    assert fresh_for(("expires", http_date(START + 60)), ("expires", http_date(START + 90)), DATED) == 0


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("Sun, 06 Nov 1994 08:49:37 GMT", 784111777),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 784111777),
        ("Sun Nov  6 08:49:37 1994", 784111777),
        ("Tue, 31 Dec 2024 23:59:60 GMT", 1735689600),
    ],
)
def test_rfc_9110_section_5_6_7_a_date_has_three_forms(text: str, moment: int) -> None:
    assert parse_date(text, START) == moment


@pytest.mark.parametrize(
    ("digits", "year"), [("26", 2026), ("76", 2076), ("78", 1978), ("99", 1999), ("00", 2000)]
)
def test_rfc_9110_section_5_6_7_two_digits_are_of_the_past_when_fifty_years_ahead(
    digits: str, year: int
) -> None:
    """The clock says 2027."""
    moment = parse_date(f"Monday, 01-Jan-{digits} 00:00:00 GMT", START)
    assert moment is not None
    assert http_date(moment)[12:16] == str(year)


@pytest.mark.parametrize(
    ("lines", "left"),
    [
        (["30"], 30),
        (["70"], 0),
        (["0, 70"], 60),
        (["30,0"], 30),
        (["0", "30"], 60),
        (["30", "0"], 30),
        (["old"], 60),
        (["-30"], 60),
        (["30.0"], 60),
        (["30;a=1"], 60),
        ([""], 60),
        (["\xb2"], 60),
    ],
)
def test_section_5_1_of_age_the_first_member_counts_and_garbage_does_not(lines: list[str], left: int) -> None:
    assert fresh_for((CACHE, "max-age=60"), *(("age", line) for line in lines)) == left


@pytest.mark.parametrize("age", ["9" * 100, "1" + "0" * 11, "1" + "0" * 20])
def test_section_5_1_a_number_too_large_to_hold_is_the_largest(age: str) -> None:
    assert fresh_for((CACHE, "max-age=60"), ("age", age)) == 0


def test_section_4_2_3_age_is_what_it_was_and_what_passed_since_the_request() -> None:
    async def script(rig: Rig) -> None:
        first = await rig.get("/")
        assert first.age == 30
        rig.now += 20
        got = await rig.get("/")
        # The request took two seconds: for all we know the response was made at its start.
        assert (got.hit, got.age, got.all("age")) == (True, 52, [])
        rig.now += 8
        assert not (await rig.get("/")).hit

    play(script, said((CACHE, "max-age=60"), ("age", "30")), slow=2.0)


def test_section_4_2_3_a_date_in_the_past_makes_it_older_and_one_ahead_does_not_make_it_younger() -> None:
    assert fresh_for((CACHE, "max-age=60"), ("date", http_date(START - 50))) == 10
    assert fresh_for((CACHE, "max-age=60"), ("date", http_date(START + 50))) == 60
    assert fresh_for((CACHE, "max-age=60"), ("date", "yesterday")) == 60
    assert fresh_for((CACHE, "max-age=60"), ("date", http_date(START - 20)), ("age", "50")) == 10


def test_section_4_2_3_the_date_of_a_response_stays_and_one_without_gets_one() -> None:
    for fields in ((DATED,), ()):

        async def script(rig: Rig) -> None:
            await rig.get("/")
            rig.now += 20
            assert (await rig.get("/")).get("date") == http_date(START)

        play(script, said((CACHE, "max-age=60"), *fields))


DOWN = Answer(error=OriginError("refused"))
BROKEN = Answer(cut=True)
FAILING = said(status=503, body=b"down")


@pytest.mark.parametrize("dead", [DOWN, BROKEN, Answer(error=OriginError("late", 504))])
@pytest.mark.parametrize(
    ("field", "sent"),
    [
        ("max-age=60", True),
        ("public, max-age=60", True),
        ("max-age=60, must-revalidate", False),
        ("max-age=60, proxy-revalidate", False),
        ("max-age=60, s-maxage=60", False),
        ("max-age=60, no-cache", False),
        ("max-age=0", False),
    ],
)
def test_section_4_2_4_stale_is_sent_when_nobody_answers_unless_that_is_forbidden(
    dead: Answer, field: str, sent: bool
) -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/")
        rig.say(dead)
        rig.now += 100
        for _ in range(2):
            got = await rig.get("/")
            assert (got.status == 200) is sent
            if sent:
                assert (got.body, got.age) == (b"whole", 100)

    play(script, said((CACHE, field), ("etag", '"a"')))


def test_section_4_2_4_an_origin_that_answers_with_an_error_has_been_reached() -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/")
        rig.say(FAILING)
        rig.now += 100
        got = await rig.get("/")
        assert (got.status, got.body) == (503, b"down")

    play(script)


def test_section_4_2_4_a_day_after_it_was_fresh_nothing_is_sent_any_more() -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/")
        rig.say(DOWN)
        rig.now += 86460
        assert (await rig.get("/")).status == 502

    play(script)


def test_section_4_2_4_a_dead_origin_is_left_alone_for_a_while() -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/")
        rig.say(DOWN)
        rig.now += 100
        for _ in range(5):
            assert (await rig.get("/")).cache.endswith("detail=unreachable")
        assert len(rig.asked) == 2
        rig.now += 2
        await rig.get("/")
        assert len(rig.asked) == 3
        rig.say(Answer(body=b"back"))
        rig.now += 60
        assert (await rig.get("/")).body == b"back"

    play(script)


def test_section_5_2_2_4_no_cache_is_kept_and_asked_about_each_time() -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/")
        rig.say(said(status=304))
        for number in (2, 3):
            got = await rig.get("/")
            assert (got.status, got.body, len(rig.asked)) == (200, b"whole", number)
            assert ("if-none-match", '"a"') in rig.asked[-1].headers

    play(script, said((CACHE, "no-cache, max-age=60"), ("etag", '"a"')))


@pytest.mark.parametrize(
    "fields",
    [
        [("cache-control", "no-cache")],
        [("cache-control", "no-store")],
        [("cache-control", "max-age=0")],
        [("cache-control", "min-fresh=9999")],
        [("cache-control", "only-if-cached")],
        [("pragma", "no-cache")],
    ],
)
def test_section_5_2_1_a_visitor_cannot_force_a_render(fields: list[tuple[str, str]]) -> None:
    """The RFC gives these a meaning; an edge that heeded them would let anybody reach the origin."""

    async def script(rig: Rig) -> None:
        await rig.get("/", *fields)
        assert (await rig.get("/", *fields)).hit

    play(script)


def test_section_5_4_pragma_in_a_response_says_nothing() -> None:
    assert fresh_for((CACHE, "max-age=60"), ("pragma", "no-cache")) == 60
