"""What goes in comes out: bodies by their digest, keys by what is in them, purges by what they hit."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

import pytest
from rig import Answer, Rig, play, said

from isrgen.edge.origin import OriginError
from isrgen.edge.stores.disk import DiskStore
from isrgen.edge.stores.memory import MemoryStore
from isrgen.http.context import Purge

FRESH = ("cache-control", "max-age=60")
BODIES = [
    b"",
    b"\0",
    bytes(range(256)) * 40,
    "ünï".encode(),
    b"\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    b"\x1f\x8b\x08\0x",
]


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("store", ["memory", "disk"])
def test_a_body_comes_out_as_it_went_in(body: bytes, store: str, tmp_path: Path) -> None:
    digest = hashlib.sha256(body).hexdigest()

    async def script(rig: Rig) -> None:
        for _ in range(3):
            got = await rig.get("/")
            assert hashlib.sha256(got.body).hexdigest() == digest
        assert len(rig.asked) == 1

    kept = MemoryStore() if store == "memory" else DiskStore(tmp_path / "edge")
    play(script, said(FRESH, ("content-length", str(len(body))), body=body), store=kept, max_body=20_000)


def test_parts_put_together_are_the_whole() -> None:
    body = bytes(range(256)) * 4

    async def script(rig: Rig) -> None:
        await rig.get("/")
        parts = [
            (await rig.get("/", ("range", f"bytes={start}-{start + 99}"))).body
            for start in range(0, len(body), 100)
        ]
        assert b"".join(parts) == body

    play(script, said(FRESH, ("etag", '"a"'), body=body))


@pytest.mark.parametrize(
    "name",
    ["x-forwarded-host", "x-host", "x-original-url", "user-agent", "origin", "referer", "x-anything"],
)
def test_a_field_that_vary_names_is_all_that_tells_visitors_apart_and_it_does(name: str) -> None:
    """An origin that writes what a visitor says into its page names it in Vary; then nobody else gets it."""

    async def script(rig: Rig) -> None:
        await rig.get("/", (name, "evil.example"))
        assert (await rig.get("/")).body == b"clean"
        assert (await rig.get("/", (name, "evil.example"))).body == b"evil"

    vary = ("vary", name)
    play(script, said(FRESH, vary, body=b"evil"), said(FRESH, vary, body=b"clean"))


def test_a_refresh_holds_nothing_that_a_visitor_could_put_there() -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/")
        rig.now += 70
        await rig.get("/", ("x-forwarded-host", "evil.example"), ("cookie", "a=1"), ("x-evil", "1"))
        await rig.rest()
        assert rig.asked[1].headers == ()

    play(script, said(("cache-control", "max-age=60, stale-while-revalidate=60")))


def test_many_query_strings_take_no_more_room_than_there_is() -> None:
    async def script(rig: Rig) -> None:
        for number in range(3000):
            await rig.get(f"/?{number}")
        assert (await rig.store.usage()).bytes <= 100_000

    play(script, said(FRESH, body=b"x" * 500), store=MemoryStore(100_000))


@pytest.mark.parametrize(
    ("path", "gone"),
    [
        ("http://example.org/a", True),
        ("http://EXAMPLE.org:80/%61", True),
        ("http://example.org/a/", True),
        ("http://example.org/", False),
        ("http://other.example/a", False),
        ("https://example.org/a", False),
        ("http://example.org/b", False),
    ],
)
@pytest.mark.parametrize("hard", [True, False])
def test_a_url_is_purged_however_it_is_spelt(path: str, gone: bool, hard: bool) -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/a")
        await rig.get("/a?x=1")
        rig.gate.clear()
        await rig.cache.purge([Purge(path=path, hard=hard)])
        rig.gate.set()
        await rig.rest()
        before = len(rig.asked)
        assert before == (4 if gone and not hard else 2)
        for target in ("/a", "/a?x=1"):
            assert (await rig.get(target)).hit is not (gone and hard)

    play(script)


def test_a_tag_that_the_origin_gave_purges_what_has_it() -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/a")
        await rig.cache.purge([Purge(tag="POST:1", hard=True)])
        assert not (await rig.get("/a")).hit
        await rig.cache.purge([Purge(tag="post:2", hard=True)])
        assert (await rig.get("/a")).hit
        await rig.cache.purge([Purge(tag="all", hard=True)])
        assert not (await rig.get("/a")).hit

    play(script, said(FRESH, ("cache-tag", "blog, Post:1"), ("cache-tag", "news")))


def test_a_soft_purge_asks_the_origin_at_once_whether_the_page_still_holds() -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/a", ("foo", "1"))
        rig.say(said(status=304))
        await rig.cache.purge([Purge(path="http://example.org/a")])
        await rig.rest()
        assert rig.asked[1].headers == (("foo", "1"), ("if-none-match", '"a"'))
        assert (await rig.get("/a", ("foo", "1"))).cache == "isrgen; hit; ttl=60"

    play(script, said(FRESH, ("etag", '"a"'), ("vary", "foo")))


@pytest.mark.parametrize(
    ("field", "sent"),
    [
        ("max-age=60", True),
        ("max-age=60, stale-while-revalidate=30", True),
        ("s-maxage=60, stale-while-revalidate=30", True),
        ("max-age=60, must-revalidate", False),
        ("max-age=60, proxy-revalidate", False),
        ("max-age=60, stale-while-revalidate=30, must-revalidate", False),
        ("s-maxage=60", False),
        ("s-maxage=60, stale-if-error=30", False),
    ],
)
@pytest.mark.parametrize("store", ["memory", "disk"])
def test_after_a_soft_purge_only_what_may_be_sent_stale_is_sent(
    field: str, sent: bool, store: str, tmp_path: Path
) -> None:
    """RFC 9111 section 4.2.4: the purge makes it stale, and the origin has forbidden that."""

    async def script(rig: Rig) -> None:
        await rig.get("/a")
        rig.say(Answer(body=b"new"))
        rig.gate.clear()
        await rig.cache.purge([Purge(path="http://example.org/a")])
        visit = asyncio.ensure_future(rig.get("/a"))
        # A store on disk answers from a thread.
        while not (visit.done() if sent else len(rig.asked) > 1):
            await asyncio.sleep(0.001)
        rig.gate.set()
        got = await visit
        assert (got.body, got.hit) == ((b"whole", True) if sent else (b"new", False))

    opened = MemoryStore() if store == "memory" else DiskStore(tmp_path / "store")
    play(script, said(("cache-control", field), ("etag", '"a"')), store=opened)


@pytest.mark.parametrize(("field", "status"), [("s-maxage=60, stale-if-error=30", 200), ("s-maxage=60", 503)])
def test_after_a_soft_purge_an_error_is_covered_only_by_who_allows_that(field: str, status: int) -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/a")
        rig.say(said(status=503, body=b"down"))
        await rig.cache.purge([Purge(path="http://example.org/a")])
        await rig.rest()
        assert (await rig.get("/a")).status == status

    play(script, said(("cache-control", field)))


def test_a_purge_reaches_what_was_being_asked_for() -> None:
    async def script(rig: Rig) -> None:
        rig.gate.clear()
        visit = asyncio.ensure_future(rig.get("/a"))
        await rig.rest()
        await rig.cache.purge([Purge(path="http://example.org/a", hard=True)])
        rig.gate.set()
        assert (await visit).body == b"old"
        assert (await rig.get("/a")).body == b"new"

    play(script, Answer(body=b"old"), Answer(body=b"new"))


def test_a_query_which_may_hold_a_secret_is_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    async def script(rig: Rig) -> None:
        await rig.get("/reset?token=secret")
        rig.now += 20
        rig.say(Answer(error=OriginError("it is gone")))
        await rig.get("/reset?token=secret")
        await rig.rest()

    play(script, said(("cache-control", "max-age=10, stale-while-revalidate=100")))
    assert "refreshing http://example.org/reset failed" in caplog.text
    assert "secret" not in caplog.text
