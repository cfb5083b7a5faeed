"""What a purge that cannot be carried out is answered with."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from isrgen.caching.policy import CachePolicy, Lifetime
from isrgen.edge.stores.memory import MemoryStore

HOUR = CachePolicy(Lifetime(3600), tags=("blog",))
TOKEN = {"Authorization": "Bearer s3cret"}
REVALIDATE = """
from isrgen import Response, revalidate_tag

def POST():
    revalidate_tag("blog")
    return {"done": True}

def PUT():
    revalidate_tag("blog")
    return Response(part for part in ["do", "ne"])
"""


class FullStore(MemoryStore):
    async def invalidate_tag(self, tag: str, hard: bool) -> list[str]:
        raise OSError("database or disk is full")


def order(server: Any) -> Any:
    return server.request("POST", "/_isrgen/revalidate", TOKEN, json.dumps({"tags": ["blog"]}).encode())


def test_a_purge_that_failed_is_a_503_and_the_page_is_no_hit(kit: Any, drive: Any) -> None:
    kit.page("/a/", policy=HOUR)
    server = drive(token="s3cret", store=FullStore())
    server.get("/a/")
    assert "hit" in server.get("/a/")["Cache-Status"]
    reply = order(server)
    assert (reply.status, "disk is full" in reply.text) == (503, True)
    assert server.get("/a/")["Cache-Status"].startswith("isrgen; fwd=uri-miss")


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_handler_does_not_claim_a_purge_that_failed(kit: Any, drive: Any, method: str) -> None:
    kit.api("/api", REVALIDATE)
    reply = drive(store=FullStore()).request(method, "/api")
    assert (reply.status, reply["Cache-Control"]) == (503, "private, no-store")
    assert "done" not in reply.text


def test_without_an_edge_the_order_is_a_501(kit: Any, drive: Any) -> None:
    server = drive(token="s3cret", edge=False, behind="fastly")
    assert order(server).status == 501


def test_without_an_edge_a_handlers_purges_are_warned_of_once(
    kit: Any, drive: Any, caplog: pytest.LogCaptureFixture
) -> None:
    kit.api("/api", REVALIDATE)
    server = drive(edge=False, behind="fastly")
    with caplog.at_level(logging.WARNING):
        assert [server.request("POST", "/api").status for _ in range(3)] == [200, 200, 200]
    assert [record.message.count("the edge is off") for record in caplog.records] == [1]


KEPT = """
from isrgen import Response, revalidate_tag

def GET(request):
    return Response("kept", headers={"Cache-Control": "public, s-maxage=60"})

def POST(request):
    return Response("", status=303, headers={"Location": "/a/"})

def DELETE(request):
    return Response("", status=409)
"""


def test_a_method_that_changed_something_removes_what_is_kept_for_its_url(kit: Any, drive: Any) -> None:
    kit.page("/a/", policy=HOUR)
    kit.api("/api", KEPT)
    server = drive()
    for path in ("/a/", "/api"):
        server.get(path)
    assert server.request("DELETE", "/api").status == 409
    assert "hit" in server.get("/api")["Cache-Status"], "it failed, so it changed nothing"
    assert server.request("POST", "/api").status == 303
    assert server.get("/api")["Cache-Status"] == "isrgen; fwd=uri-miss; stored"
    assert "hit" in server.get("/a/")["Cache-Status"], "where it leads to is as it was"


class BusyOnceStore(MemoryStore):
    """Carries its first purge by tag out only when it is asked again."""

    asked = False

    async def invalidate_tag(self, tag: str, hard: bool) -> list[str]:
        if not self.asked:
            self.asked = True
            raise OSError("database is locked")
        return await super().invalidate_tag(tag, hard)


def test_what_a_method_changed_is_removed_though_a_purge_of_its_handler_failed(kit: Any, drive: Any) -> None:
    kit.api("/api", KEPT.replace("def POST(request):", "def POST(request):\n    revalidate_tag('blog')"))
    server = drive(store=BusyOnceStore())
    assert server.get("/api")["Cache-Status"] == "isrgen; fwd=uri-miss; stored"
    assert server.request("POST", "/api").status == 503
    assert "hit" not in server.get("/api")["Cache-Status"]
