"""The guide's own samples, in Python, on the real server: each header and each state that it promises."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

GUIDE = Path(__file__).parent.parent / "sites" / "guide"
HOUR = "public, max-age=3600, stale-while-revalidate=86400"
WEEK = "public, max-age=3600, stale-while-revalidate=604800"
BROWSER = "public, max-age=0, must-revalidate"
SESSION = {"Cookie": "theme=dark; session=alice"}


@pytest.fixture
def server(start, tmp_path):
    shutil.copytree(GUIDE, tmp_path / "guide")
    return start(tmp_path / "guide")


def cache_status(reply) -> str:
    return reply.header("cache-status").replace("isrgen; ", "")


def test_the_first_visitor_of_a_post_triggers_its_render_and_the_others_get_the_kept_one(server) -> None:
    first, second = server.get("/blog/my-post/"), server.get("/blog/my-post/")
    assert (first.status, cache_status(first)) == (200, "fwd=uri-miss; stored")
    assert cache_status(second).startswith("hit; ttl=")
    assert second.body == first.body
    assert second.header("age") in ("0", "1", "2")
    for reply in (first, second):
        assert reply.header("cache-control") == BROWSER
        assert reply.header("cdn-cache-control") == WEEK
        assert reply.header("etag")


def test_a_browser_that_has_the_page_already_gets_a_304(server) -> None:
    etag = server.get("/blog/my-post/").header("etag")
    reply = server.get("/blog/my-post/", {"If-None-Match": etag})
    assert (reply.status, reply.body, reply.header("etag")) == (304, b"", etag)


def test_an_unknown_slug_is_the_404_that_the_loader_raised(server) -> None:
    reply = server.get("/blog/no-such-post/")
    assert (reply.status, reply.text) == (404, "Not Found")


def test_the_hourly_sample_is_kept_for_an_hour(server) -> None:
    first, second = server.get("/articles/tea/"), server.get("/articles/tea/")
    assert first.header("cdn-cache-control") == HOUR
    assert "tea, rendered 1 times" in second.text


@pytest.mark.parametrize(
    ("page", "field"),
    [
        ("daily", "public, max-age=86400, stale-while-revalidate=604800"),
        ("frequent", "public, max-age=300, stale-while-revalidate=3600"),
    ],
)
def test_each_preset_of_the_guide_is_kept_as_long_as_it_says(server, page: str, field: str) -> None:
    server.get(f"/presets/{page}/")
    reply = server.get(f"/presets/{page}/")
    assert reply.header("cdn-cache-control") == field
    assert cache_status(reply).startswith("hit")


def test_the_private_preset_is_never_kept(server) -> None:
    for _ in range(2):
        reply = server.get("/presets/personal/")
        assert reply.header("cache-control") == "private, no-store"
        assert "hit" not in cache_status(reply)


def test_the_guide_s_dashboard_is_correct_and_private_while_its_route_lists_no_cookie(server) -> None:
    for headers, text in ((SESSION, "Hello, alice"), ({}, "Please sign in"), ({}, "Please sign in")):
        reply = server.get("/dashboard/", headers)
        assert text in reply.text
        assert reply.header("cache-control") == "private, no-store"
        assert reply.header("cdn-cache-control") == ""
    warnings = [line for line in server.errors if "content/dashboard+ssr.py:6" in line]
    assert len(warnings) == 1
    assert any("bypass-cookies: [session]" in line for line in server.errors)


def test_the_dashboard_is_shared_once_its_route_lists_the_session_cookie(server) -> None:
    visits = [{}, {}, SESSION, {"Cookie": "theme=dark"}]
    public, again, own, other = (server.get("/members/", headers) for headers in visits)
    assert cache_status(public) == "fwd=uri-miss; stored"
    assert public.header("cdn-cache-control") == HOUR
    assert cache_status(again).startswith("hit")
    assert "Hello, alice" in own.text
    assert cache_status(own) == "fwd=bypass; detail=cookie"
    assert own.header("cache-control") == "private, no-store"
    assert "Please sign in" in other.text
    assert cache_status(other).startswith("hit")


def test_an_api_route_sends_its_headers_from_the_response(server) -> None:
    first, second = server.get("/api/posts"), server.get("/api/posts")
    assert first.header("content-type") == "application/json"
    assert first.header("cdn-cache-control") == "public, max-age=300, stale-while-revalidate=3600"
    assert cache_status(second).startswith("hit")
    assert json.loads(second.body) == json.loads(first.body)


def test_the_generic_form_is_the_guide_s_own_header(start, tmp_path) -> None:
    shutil.copytree(GUIDE, tmp_path / "guide")
    server = start(tmp_path / "guide", "--behind", "generic")
    reply = server.get("/blog/my-post/")
    assert reply.header("cache-control") == "public, s-maxage=3600, stale-while-revalidate=604800"
    assert server.get("/members/", SESSION).header("cache-control") == "private, no-store"
