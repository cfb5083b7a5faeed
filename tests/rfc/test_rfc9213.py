"""RFC 9213: CDN-Cache-Control is for us, and stands in place of all else when it can be read."""

from __future__ import annotations

import pytest
from rig import START, Rig, play, said

from isrgen.caching.dates import http_date

CDN, PLAIN = "cdn-cache-control", "cache-control"


def seconds_of(*headers: tuple[str, str]) -> int:
    """For how long a response is sent without asking: 0, 10, 60 or 100 seconds."""
    found = [0]

    async def script(rig: Rig) -> None:
        await rig.get("/")
        for end in (10, 60, 100):
            rig.now = START + end - 1
            if not (await rig.get("/")).hit:
                return
            found[0] = end

    play(script, said(*headers))
    return found[0]


@pytest.mark.parametrize(
    ("targeted", "plain", "seconds"),
    [
        ("max-age=60", "max-age=10", 60),
        ("max-age=10", "max-age=60", 10),
        ("max-age=60", "no-store", 60),
        ("max-age=60", "private, no-cache", 60),
        ("no-store", "max-age=60", 0),
        ("private", "public, max-age=60", 0),
        ("max-age=0", "max-age=60", 0),
        ("s-maxage=60, max-age=10", "no-store", 60),
        ("public", "max-age=60", 0),
        ("max-age=60;x=1;y", "no-store", 60),
        ("max-age=60,\tunknown=(a b);c", "no-store", 60),
        ("no-store=?0, max-age=60", "no-store", 60),
        ("max-age=10, max-age=60", "no-store", 60),
    ],
)
def test_section_2_2_a_targeted_field_wins_in_both_directions(
    targeted: str, plain: str, seconds: int
) -> None:
    assert seconds_of((PLAIN, plain), (CDN, targeted)) == seconds
    assert seconds_of((CDN, targeted), (PLAIN, plain)) == seconds


@pytest.mark.parametrize(
    "invalid",
    [
        "",
        "   ",
        "max-age=60,",
        ",max-age=60",
        "max-age=60 no-store",
        "Max-Age=60",
        "max-age=60; X",
        "max-age= 60",
        "max-age =60",
        "max-age=6e1",
        'max-age="60',
        "no-store, &&",
        "no-store, a=\xe9",
        "no-store, a=(b",
        "no-store, a=1234567890123456",
        "no-store\n".strip() + ";",
    ],
)
def test_section_2_1_an_invalid_or_empty_field_is_as_if_it_were_not_there(invalid: str) -> None:
    assert seconds_of((CDN, invalid), (PLAIN, "max-age=60")) == 60
    assert seconds_of((CDN, invalid), (PLAIN, "no-store")) == 0


@pytest.mark.parametrize("targeted", ['max-age="60"', "max-age=60.5", "max-age=-1", "max-age", "max-age=a"])
def test_section_2_1_a_lifetime_of_the_wrong_type_keeps_nothing(targeted: str) -> None:
    assert seconds_of((CDN, targeted), (PLAIN, "max-age=60")) == 0


def test_section_2_1_several_lines_are_one_dictionary() -> None:
    assert seconds_of((CDN, "max-age=60"), (CDN, "no-store"), (PLAIN, "max-age=60")) == 0
    assert seconds_of((CDN, "public"), (CDN, "max-age=60"), (PLAIN, "no-store")) == 60


def test_section_2_2_expires_says_nothing_beside_it() -> None:
    later = ("expires", http_date(START + 60))
    assert seconds_of((CDN, "public"), later, ("date", http_date(START))) == 0
    assert seconds_of((CDN, "&"), later, ("date", http_date(START))) == 60


def test_section_2_both_fields_go_on_to_caches_further_down() -> None:
    async def script(rig: Rig) -> None:
        for _ in range(2):
            got = await rig.get("/")
            assert (got.get(CDN), got.get(PLAIN)) == ("max-age=60", "no-store")

    play(script, said((CDN, "max-age=60"), (PLAIN, "no-store")))


def test_section_2_the_windows_may_be_in_it_too() -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/")
        rig.now += 70
        assert (await rig.get("/")).cache == "isrgen; hit; ttl=-10; detail=revalidating"

    play(script, said((CDN, "max-age=60, stale-while-revalidate=30"), (PLAIN, "no-store")))
