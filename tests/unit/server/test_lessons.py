"""What went wrong with other caches of pages, tried on the whole server."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from isrgen.caching.policy import CachePolicy, Lifetime
from isrgen.edge.stores.memory import MemoryStore

HOUR = CachePolicy(Lifetime(3600, 86400))

HANGING = """
import threading
release = threading.Event()
def loader(params):
    release.wait(60)
"""

FAILING = """
import isrgen
fails = False
count = 0
def loader():
    global count
    if fails:
        raise OSError("the database is away")
    count += 1
    return {"count": count}
"""

NUMBERED = """
from isrgen import cache_tag, set_response_headers
count = 0
def loader():
    global count
    count += 1
    set_response_headers({"X-Count": str(count)})
    cache_tag(f"count:{count}")
    return {"count": count}
"""


def test_sync_loaders_that_hang_do_not_end_all_rendering(kit: Any, drive: Any) -> None:
    """next.js#36672: a hung upstream stopped all that came after it."""
    kit.page("/slow/[n]/", "never", HANGING, HOUR)
    kit.page("/quick/", "quick", "def loader():\n    return {}\n", HOUR)
    kit.change(render_timeout=1.0)
    server = drive()

    async def crowd() -> list[int]:
        replies = await asyncio.gather(*(server.send("GET", f"/slow/{number}/") for number in range(20)))
        return [reply.status for reply in replies]

    try:
        assert server.run(crowd()) == [504] * 20
        assert server.get("/quick/").text == "quick"
    finally:
        server.app.renderer._parts.modules.load("content/slow/[n]+ssr.py").release.set()


def test_a_refresh_that_fails_is_logged_counted_and_keeps_the_page_until_one_succeeds(
    kit: Any, drive: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """next.js#92519: errors in the background were swallowed."""
    kit.page("/a/", "{{ count }}", FAILING, HOUR)
    server = drive(token="t")
    assert server.get("/a/").text == "1"
    module = server.app.renderer._parts.modules.load("content/a+ssr.py")
    module.fails = True
    kit.clock.advance(3601)
    assert server.get("/a/").text == "1"
    told = [(record.levelno, record.getMessage()) for record in caplog.records]
    assert any(level == logging.ERROR and "the database is away" in message for level, message in told)
    assert any(level == logging.WARNING and "refreshing /a/ failed" in message for level, message in told)
    metrics = server.get("/_isrgen/metrics", {"Authorization": "Bearer t"}).text
    assert "\nisrgen_refreshes_failed_total 1\n" in metrics
    module.fails = False
    kit.clock.advance(3600)
    assert server.get("/a/").text == "1"
    assert server.get("/a/").text == "2"


def test_many_distinct_urls_stay_within_the_bound(kit: Any, drive: Any) -> None:
    """next.js#92287: memory grew with each distinct URL."""
    kit.page("/a/[n]/", "{{ 'x' * 2000 }}", policy=CachePolicy(Lifetime(3600), query=("page",)))
    store = MemoryStore(100_000)
    server = drive(store=store)
    for number in range(150):
        assert server.get(f"/a/{number % 75}/?page={number}&other={number}").status == 200
        assert server.run(store.usage()).bytes <= 100_000
    assert server.run(store.usage()).entries > 10
    assert "hit" in server.get("/a/74/?page=149")["Cache-Status"]


def test_body_headers_and_validator_are_always_of_one_render(kit: Any, drive: Any) -> None:
    """cloudflare/vinext#487: new data was stored with the old page."""
    kit.page("/a/", "{{ count }}", NUMBERED, HOUR)
    server = drive(behind="fastly")
    etags: dict[str, str] = {}
    for seconds in (0, 3601, 0, 1, 3601, 0, 90_000, 0):
        kit.clock.advance(seconds)
        reply = server.get("/a/")
        assert (reply["X-Count"], f"count:{reply.text}" in reply["Surrogate-Key"].split()) == (
            reply.text,
            True,
        )
        assert etags.setdefault(reply.text, reply["ETag"]) == reply["ETag"]
        head = server.request("HEAD", "/a/")
        assert etags.setdefault(head["X-Count"], head["ETag"]) == head["ETag"]
    assert len(etags) == len(set(etags.values())) >= 4
