"""The endpoints below ``/_isrgen/``."""

from __future__ import annotations

import json
from typing import Any

import pytest

from isrgen.caching.policy import CachePolicy, Lifetime

TOKEN = "s3cret"
MODULE = "count = 0\ndef loader():\n    global count\n    count += 1\n    return {'count': count}\n"


@pytest.fixture
def server(kit: Any, drive: Any) -> Any:
    policy = CachePolicy(Lifetime(3600, 86400), tags=("blog",), query=("page",))
    kit.page("/a/", "{{ count }}", MODULE, policy)
    return drive(token=TOKEN)


def post(server: Any, body: object, token: str = TOKEN, **more: Any) -> Any:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return server.request("POST", "/_isrgen/revalidate", {"Authorization": f"Bearer {token}"}, data, **more)


def test_health_is_open_and_says_nothing_but_that(server: Any) -> None:
    reply = server.get("/_isrgen/health")
    assert (reply.status, json.loads(reply.body)) == (200, {"status": "ok", "build": "b1"})
    assert reply["Cache-Control"] == "private, no-store"
    assert server.request("POST", "/_isrgen/health").status == 405


@pytest.mark.parametrize(
    "body",
    [{"paths": ["/a/"], "hard": True}, {"tags": ["blog"], "hard": True}, {"paths": ["/a"], "hard": True}],
)
def test_a_hard_purge_removes_every_variant(server: Any, body: dict[str, Any]) -> None:
    assert [server.get("/a/").text, server.get("/a/?page=2").text] == ["1", "2"]
    assert (post(server, body).status) == 200
    assert [server.get("/a/").text, server.get("/a/?page=2").text] == ["3", "4"]


def test_a_soft_purge_starts_the_next_render_at_once(server: Any, kit: Any) -> None:
    server.get("/a/")
    reply = post(server, {"tags": ["blog"]})
    assert json.loads(reply.body) == {"revalidated": 1}
    kit.clock.advance(1)
    assert (server.get("/a/").text, server.get("/a/")["Cache-Status"]) == ("2", "isrgen; hit; ttl=3599")


@pytest.mark.parametrize("path", ["/_isrgen/revalidate", "/_isrgen/metrics"])
@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Bearer wrong", "Bearer s3cret2", "Basic s3cret", "s3cret"],
)
def test_without_the_token_it_is_a_401(server: Any, path: str, header: str) -> None:
    headers = {"Authorization": header} if header else {}
    for method in ("GET", "POST"):
        reply = server.request(method, path, headers)
        assert (reply.status, reply["WWW-Authenticate"]) == (401, 'Bearer realm="isrgen"')


@pytest.mark.parametrize("path", ["/_isrgen/revalidate", "/_isrgen/metrics"])
def test_a_token_that_is_not_ascii_is_none(server: Any, path: str) -> None:
    """granian does not even say what it was."""
    expected = {"asgi": 401, "rsgi": 400}[server.protocol]
    assert server.get(path, {"Authorization": "Bearer é"}).status == expected


def test_without_a_configured_token_there_is_only_health(kit: Any, drive: Any) -> None:
    server = drive()
    assert server.get("/_isrgen/health").status == 200
    for path in ("/_isrgen/revalidate", "/_isrgen/metrics", "/_isrgen/x", "/_isrgen/", "/_isrgen"):
        for token in ("", " ", "x"):
            assert server.request("POST", path, {"Authorization": f"Bearer {token}"}).status == 404


def test_unknown_paths_are_404_with_the_token_too(server: Any) -> None:
    assert server.get("/_isrgen/nope", {"Authorization": f"Bearer {TOKEN}"}).status == 404


def test_another_method_is_a_405_that_names_the_right_one(server: Any) -> None:
    reply = server.get("/_isrgen/revalidate", {"Authorization": f"Bearer {TOKEN}"})
    assert (reply.status, reply["Allow"]) == (405, "POST")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b"[" * 100_000,
        [],
        {"path": "/a/"},
        {"paths": "/a/"},
        {"paths": [1]},
        {"paths": ["a"]},
        {"tags": [""]},
        {"hard": 1},
        {"hard": True},
        {},
        {"tags": ["a"] * 2000},
    ],
)
def test_a_body_that_is_no_order_is_a_400_with_an_example_that_is_one(server: Any, body: object) -> None:
    reply = post(server, body)
    assert reply.status == 400
    said = json.loads(reply.body)
    assert said["error"].endswith(".")
    assert "char 0" not in said["error"]
    assert post(server, said["example"]).status == 200


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "The body is empty."),
        (b"path=/a/", "The body is not JSON."),
        ({"path": "/a/"}, "`path` means nothing here: send `paths`, `tags` and `hard`."),
        ({"hard": True}, "Neither `paths` nor `tags` says what to revalidate."),
        ({"paths": "/a/"}, "`paths` is a list of strings."),
        ({"paths": ["a"]}, "A path begins with a slash, unlike 'a'."),
    ],
)
def test_what_is_wrong_with_an_order_is_told(server: Any, body: object, said: str) -> None:
    assert json.loads(post(server, body).body)["error"] == said


def test_metrics_count_what_the_edge_did(server: Any) -> None:
    server.get("/a/")
    server.get("/a/")
    lines = server.get("/_isrgen/metrics", {"Authorization": f"Bearer {TOKEN}"}).text.splitlines()
    assert {"isrgen_hits_total 1", "isrgen_misses_total 1", "isrgen_store_entries 1"} <= set(lines)
