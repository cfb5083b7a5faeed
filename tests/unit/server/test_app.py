"""The server, driven in process over both protocols."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from isrgen.caching.policy import CachePolicy, Lifetime

HOUR = CachePolicy(Lifetime(3600, 86400))

COUNTING = """
from isrgen import cache_tag
count = 0
def loader(params):
    global count
    count += 1
    cache_tag("blog")
    return {"count": count, "slug": params.get("slug")}
"""


def test_an_isr_page_misses_hits_and_is_sent_stale_while_it_is_refreshed(kit: Any, drive: Any) -> None:
    kit.page("/blog/[slug]/", "{{ slug }} {{ count }}", COUNTING, HOUR)
    server = drive()
    first = server.get("/blog/tea/")
    assert (first.status, first.text) == (200, "tea 1")
    assert first["Cache-Status"] == "isrgen; fwd=uri-miss; stored"
    assert first["Cache-Control"] == "public, max-age=0, must-revalidate"
    assert first["CDN-Cache-Control"] == "public, max-age=3600, stale-while-revalidate=86400"
    kit.clock.advance(60)
    second = server.get("/blog/tea/")
    assert (second.text, second["Cache-Status"], second["Age"]) == ("tea 1", "isrgen; hit; ttl=3540", "60")
    kit.clock.advance(3600)
    third = server.get("/blog/tea/")
    assert third.text == "tea 1"
    assert third["Cache-Status"] == "isrgen; hit; ttl=-60; detail=revalidating"
    assert server.get("/blog/tea/").text == "tea 2"
