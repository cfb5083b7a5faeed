"""RFC 9111 section 4.4: what an unsafe request makes invalid."""

from __future__ import annotations

import asyncio

import pytest
from rig import Answer, Rig, play, said

FRESH = ("cache-control", "max-age=60")

UNSAFE = ["POST", "PUT", "DELETE", "PATCH", "M-SEARCH", "UNKNOWN", "get"]
SAFE = ["OPTIONS", "TRACE", "PROPFIND", "REPORT", "SEARCH", "QUERY"]


async def is_left(
    rig: Rig, method: str, answer: Answer, kept: str = "/a", target: str = "/a", **where: str
) -> bool:
    """Whether what was stored for one URL is still sent after a request for another."""
    await rig.get(kept, **where)
    rig.say(answer, Answer(body=b"new"))
    got = await rig.get(target, method=method, body=b"form")
    assert (got.status, got.body) == (answer.status, answer.body)
    return (await rig.get(kept, **where)).hit


@pytest.mark.parametrize("method", UNSAFE)
@pytest.mark.parametrize("status", [200, 201, 204, 303, 399])
def test_section_4_4_an_unsafe_method_that_succeeds_invalidates_its_target(method: str, status: int) -> None:
    async def script(rig: Rig) -> None:
        assert not await is_left(rig, method, said(status=status, body=b"" if status == 204 else b"done"))

    play(script)


@pytest.mark.parametrize("method", SAFE)
def test_section_4_4_a_safe_method_does_not(method: str) -> None:
    async def script(rig: Rig) -> None:
        assert await is_left(rig, method, said())

    play(script)


@pytest.mark.parametrize("status", [400, 404, 412, 500, 503])
def test_section_4_4_nor_one_that_fails(status: int) -> None:
    async def script(rig: Rig) -> None:
        assert await is_left(rig, "POST", said(status=status))

    play(script)


@pytest.mark.parametrize("name", ["location", "content-location"])
@pytest.mark.parametrize("method", ["POST", "M-SEARCH"])
@pytest.mark.parametrize(
    ("reference", "left"),
    [
        ("/a", False),
        ("a", False),
        ("http://example.org/a", False),
        ("HTTP://EXAMPLE.org:80/%61", False),
        ("//example.org/a#part", False),
        ("http://other.example/a", True),
        ("https://example.org/a", True),
        ("http://example.org:8080/a", True),
        ("/b", True),
        ("http://[", True),
        ("", True),
    ],
)
def test_section_4_4_also_what_location_and_content_location_name_on_the_same_origin(
    name: str, method: str, reference: str, left: bool
) -> None:
    async def script(rig: Rig) -> None:
        assert await is_left(rig, method, said((name, reference)), target="/form") is left

    play(script)


def test_section_4_4_nobody_can_invalidate_another_origins_pages() -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/a", host="other.example")
        rig.say(said(("location", "http://other.example/a"), ("content-location", "//other.example/a")))
        await rig.get("/a", method="POST", body=b"x")
        assert (await rig.get("/a", host="other.example")).hit

    play(script)


def test_section_4_4_every_variant_goes() -> None:
    async def script(rig: Rig) -> None:
        for value in "ab":
            await rig.get("/a", ("foo", value))
        await rig.get("/a", method="DELETE")
        for value in "ab":
            assert not (await rig.get("/a", ("foo", value))).hit

    play(script, said(FRESH, ("vary", "foo")))


def test_section_4_4_what_was_asked_before_the_change_is_not_kept_after_it() -> None:
    async def script(rig: Rig) -> None:
        rig.gate.clear()
        early = asyncio.ensure_future(rig.get("/a"))
        await rig.rest()
        change = asyncio.ensure_future(rig.get("/a", method="PUT", body=b"x"))
        await rig.rest()
        # The origin has answered the first with what it had before the change.
        rig.gate.set()
        assert (await early).body == b"whole"
        await change
        rig.say(Answer(body=b"new"))
        assert (await rig.get("/a")).body == b"new"

    play(script)


def test_section_4_4_the_answer_to_an_unsafe_method_is_never_kept() -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/a", method="POST", body=b"x")
        assert not (await rig.get("/a")).hit

    play(script, said(FRESH, ("content-location", "/a")))
