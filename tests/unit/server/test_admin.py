"""The endpoints below ``/_isrgen/``."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any
from urllib.parse import quote

import pytest

from isrgen.caching.policy import CachePolicy, Lifetime
from isrgen.caching.stored import Stored
from isrgen.edge.store import summary
from isrgen.edge.stores.memory import MemoryStore
from isrgen.server.admin import AT_ONCE
from isrgen.server.admin_cache import as_data, shown, state

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


@pytest.mark.parametrize("path", ["/_isrgen/revalidate", "/_isrgen/metrics", "/_isrgen/cache"])
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
    names = ("revalidate", "metrics", "cache", "draft", "draft?token=x", "x", "")
    for path in (*(f"/_isrgen/{name}" for name in names), "/_isrgen"):
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
        ({"paths": ["/\ud800"]}, "`paths` holds half of a character, which no path or tag has."),
        ({"tags": ["\udfff"]}, "`tags` holds half of a character, which no path or tag has."),
    ],
)
def test_what_is_wrong_with_an_order_is_told(server: Any, body: object, said: str) -> None:
    assert json.loads(post(server, body).body)["error"] == said


def test_metrics_count_what_the_edge_did(server: Any) -> None:
    server.get("/a/")
    server.get("/a/")
    lines = server.get("/_isrgen/metrics", {"Authorization": f"Bearer {TOKEN}"}).text.splitlines()
    assert {"isrgen_hits_total 1", "isrgen_misses_total 1", "isrgen_store_entries 1"} <= set(lines)


AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}


def test_metrics_are_text_that_nobody_keeps(server: Any) -> None:
    reply = server.get("/_isrgen/metrics", AUTHORIZED)
    assert reply["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert reply["Cache-Control"] == "private, no-store"
    head = server.request("HEAD", "/_isrgen/metrics", AUTHORIZED)
    assert (head.status, head.body, head["Content-Type"]) == (200, b"", reply["Content-Type"])
    assert server.request("DELETE", "/_isrgen/metrics", AUTHORIZED)["Allow"] == "GET, HEAD"


def test_the_server_counts_answers_of_its_own_too(server: Any) -> None:
    server.get("/nowhere/")
    text = server.get("/_isrgen/metrics", AUTHORIZED).text
    assert '\nisrgen_responses_total{status="4xx"} 1\n' in text
    assert "\nisrgen_requests_total 1\n" in text


def test_orders_are_bounded_and_the_answer_tells_when_to_come_again(server: Any, kit: Any) -> None:
    statuses = [post(server, {"tags": ["blog"]}).status for _ in range(AT_ONCE + 5)]
    assert statuses == [200] * AT_ONCE + [429] * 5
    assert post(server, {"tags": ["blog"]})["Retry-After"] == "1"
    assert server.get("/_isrgen/metrics", AUTHORIZED).status == 200
    kit.clock.advance(1)
    assert post(server, {"tags": ["blog"]}).status == 200


def test_wrong_tokens_are_bounded_and_what_comes_after_them_is_not_looked_at(server: Any, kit: Any) -> None:
    assert [post(server, {"tags": ["blog"]}, "wrong").status for _ in range(25)] == [401] * 20 + [429] * 5
    right, wrong = post(server, {"tags": ["blog"]}), post(server, {"tags": ["blog"]}, "wrong")
    assert (right.status, right.body, right["Retry-After"]) == (429, wrong.body, wrong["Retry-After"])
    assert post(server, {"tags": ["blog"]}, peer="203.0.113.77").status == 200
    kit.clock.advance(2)
    assert post(server, {"tags": ["blog"]}).status == 200


def test_behind_a_trusted_proxy_it_is_the_visitor_who_is_bounded(kit: Any, drive: Any) -> None:
    kit.change(trusted_proxies=("10.0.0.0/8",))
    server = drive(token=TOKEN)

    def asked(visitor: str, token: str) -> int:
        headers = {"Authorization": f"Bearer {token}", "X-Forwarded-For": visitor}
        return int(server.get("/_isrgen/metrics", headers, peer="10.0.0.1").status)

    assert [asked("203.0.113.1", "wrong") for _ in range(21)][-2:] == [401, 429]
    assert asked("203.0.113.2", TOKEN) == 200
    assert asked("203.0.113.1", TOKEN) == 429


def test_health_is_never_bounded(server: Any) -> None:
    for _ in range(30):
        post(server, {}, "wrong")
    assert server.get("/_isrgen/health").status == 200


def test_a_large_body_is_a_413(server: Any) -> None:
    assert post(server, b" " * (1024 * 1024 + 1)).status == 413


@pytest.mark.parametrize("where", ["header", "query", "path", "body"])
def test_no_answer_and_no_log_repeats_a_token(
    server: Any, where: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    guess = "a-guess-like-no-other"
    asked = {
        "header": ("GET", "/_isrgen/metrics", {"Authorization": f"Bearer {guess}"}, b""),
        "query": ("GET", f"/_isrgen/metrics?token={guess}", {}, b""),
        "path": ("GET", f"/_isrgen/{guess}", {}, b""),
        "body": ("POST", "/_isrgen/revalidate", {}, guess.encode()),
    }
    reply = server.request(*asked[where])
    assert reply.status in (401, 404)
    assert guess not in f"{reply.headers} {reply.text} {caplog.text}"


def cached(server: Any, query: str = "", method: str = "GET") -> Any:
    return server.request(method, f"/_isrgen/cache{query}", AUTHORIZED)


def test_what_is_stored_is_listed(server: Any, kit: Any) -> None:
    server.get("/a/?page=2")
    kit.clock.advance(10)
    server.get("/a/")
    reply = cached(server)
    assert reply["Cache-Control"] == "private, no-store"
    listed = json.loads(reply.body)
    assert listed["more"] is False
    first, second = listed["entries"]
    assert (first["key"], second["key"]) == ("/a/", "/a/?page=2")
    assert (second["age"], second["ttl"], second["state"], second["status"]) == (10, 3590, "fresh", 200)
    assert second["lifetime"] == {"fresh": 3600, "stale-while-revalidate": 86400, "stale-if-error": 0}
    assert "blog" in second["tags"]
    assert "body" not in second


def test_the_list_goes_by_prefix_and_is_bounded(server: Any) -> None:
    for page in range(5):
        server.get(f"/a/?page={page}")
    listed = json.loads(cached(server, "?prefix=/a/&limit=3").body)
    assert ([entry["key"] for entry in listed["entries"]], listed["more"]) == (
        ["/a/?page=0", "/a/?page=1", "/a/?page=2"],
        True,
    )
    assert json.loads(cached(server, "?prefix=/b/").body) == {"entries": [], "more": False}


@pytest.mark.parametrize("limit", ["0", "-1", "x", "", "1001", "1e3", "٣", "9" * 5000])
def test_a_limit_that_is_none_is_a_400(server: Any, limit: str) -> None:
    assert cached(server, f"?limit={quote(limit)}").status == 400


def test_one_key_is_shown_with_its_variants_and_the_body_only_when_asked(server: Any) -> None:
    server.get("/a/")
    assert "body" not in json.loads(cached(server, "?key=/a/").body)["variants"][0]
    shown = json.loads(cached(server, "?key=/a/&body=1").body)
    (variant,) = shown["variants"]
    assert (variant["body"], variant["encoding"], variant["body_bytes"]) == ("1", "utf-8", 1)
    assert ["Content-Type", "text/html; charset=utf-8"] in variant["headers"]
    assert cached(server, "?key=/b/").status == 404
    assert cached(server, "?key=a").status == 400


def test_a_key_is_removed_and_no_other(server: Any) -> None:
    server.get("/a/")
    server.get("/a/?page=2")
    assert json.loads(cached(server, "?key=/a/", "DELETE").body) == {"removed": 1}
    assert json.loads(cached(server, "?key=/a/", "DELETE").body) == {"removed": 0}
    assert [entry["key"] for entry in json.loads(cached(server).body)["entries"]] == ["/a/?page=2"]
    assert server.get("/a/").text == "3"
    assert cached(server, "", "DELETE").status == 400
    assert cached(server, "", "POST")["Allow"] == "GET, HEAD, DELETE"


@pytest.mark.parametrize(
    ("seconds", "state"),
    [(0, "fresh"), (3600, "stale"), (3600 + 86400, "stale-if-error"), (200_000, "expired")],
)
def test_states_are_told_in_words(kit: Any, drive: Any, seconds: int, state: str) -> None:
    kit.page("/a/", "a", policy=CachePolicy(Lifetime(3600, 86400, 100_000)))
    server = drive(token=TOKEN)
    server.get("/a/")
    kit.clock.advance(seconds)
    assert json.loads(cached(server).body)["entries"][0]["state"] == state


def test_what_was_purged_softly_is_invalidated() -> None:
    stored = Stored(200, (), b"", "", Lifetime(60, 60), 100.0, invalidated=True)
    found = as_data(summary("/a/", stored), 110.0)
    assert (found["state"], found["age"], found["ttl"]) == ("invalidated", 10, 0)
    assert state(summary("/a/", stored), 110.0) == "invalidated"
    assert state(summary("/a/", stored), 1000.0) == "expired"


def test_what_another_build_made_is_told_as_stale(kit: Any, drive: Any) -> None:
    kit.page("/a/", "a", policy=CachePolicy(Lifetime(3600, 86400)))
    store = MemoryStore()
    drive(token=TOKEN, store=store).get("/a/")
    kit.change(build="b2")
    server = drive(token=TOKEN, store=store)
    assert json.loads(cached(server).body)["entries"][0]["state"] == "invalidated"
    assert json.loads(cached(server, "?key=/a/").body)["variants"][0]["state"] == "invalidated"
    server.get("/a/")
    assert json.loads(cached(server).body)["entries"][0]["state"] == "fresh"


def test_where_the_edge_is_off_there_is_nothing_to_list_or_purge(kit: Any, drive: Any) -> None:
    server = drive(token=TOKEN, edge=False)
    assert cached(server).status == 501
    assert post(server, {"tags": ["a"]}).status == 501
    text = server.get("/_isrgen/metrics", AUTHORIZED).text
    assert "isrgen_requests_total" in text
    assert "isrgen_store_entries" not in text


def test_a_store_that_does_not_let_go_is_a_503(kit: Any, drive: Any) -> None:
    class Clinging(MemoryStore):
        async def delete(self, *of: Any, **more: Any) -> None:
            raise OSError("the disk is away")

    kit.page("/a/", "a", policy=CachePolicy(Lifetime(3600)))
    server = drive(token=TOKEN, store=Clinging())
    server.get("/a/")
    assert cached(server, "?key=/a/", "DELETE").status == 503


def test_a_body_that_is_no_text_is_shown_as_base64() -> None:
    store = MemoryStore()
    stored = Stored(200, (), b"\xff\x00", "", Lifetime(60), 100.0)
    asyncio.run(store.put("/a/", stored, 0))
    found = asyncio.run(shown(store, "/a/", 100.0, with_body=True))
    assert found is not None
    assert (found["variants"][0]["body"], found["variants"][0]["encoding"]) == ("/wA=", "base64")
