"""Two servers that share a Redis, and a Redis that goes away, hangs and comes back."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest
from programs import wait_for_workers, workers
from redis_server import RedisServer

LOADER = """
import time
from pathlib import Path

HERE = Path({here!r})


def loader(params):
    name = params["name"]
    with (HERE / "renders").open("a") as file:
        file.write(name + "\\n")
    number = (HERE / "renders").read_text().split().count(name)
    if name == "slow":
        time.sleep(1)
    if name == "stuck" and number == 1:
        time.sleep(600)
    return {{"number": number}}
"""

PURGE = """
from isrgen import revalidate_path


def POST(request):
    revalidate_path(request.query.get("path"), hard=request.query.get("soft") is None)
    return {"purged": True}
"""


@pytest.fixture
def site(make_site: Any, tmp_path: Path) -> Path:
    """A page that says how often it was rendered, by whichever server."""
    return make_site(
        {
            "isrgen.toml": 'render_timeout = "3s"\n',
            "templates/page.html": "<!doctype html><title>t</title>{{ content }}",
            "content/[name]+ssr.html": (
                "---\ncache: {s-maxage: 1h, stale-while-revalidate: 1h}\n---\n"
                "<p>{{ params.name }} v{{ number }}</p>"
            ),
            "content/[name]+ssr.py": LOADER.format(here=str(tmp_path)),
            "content/api/purge+api.py": PURGE,
        }
    )


@pytest.fixture
def serve(site: Path, own_redis: RedisServer, start: Callable[..., Any]) -> Callable[..., Any]:
    """Start a server of the site on the Redis of this test."""
    own_redis.start()
    return lambda *arguments: start(site, "--store", own_redis.url(timeout=2), *arguments)


def version(reply: Any) -> str:
    """What a page says of itself: its name and which render it is."""
    assert reply.status == 200, reply.text
    return str(reply.text.partition("<p>")[2].partition("</p>")[0])


def is_hit(reply: Any) -> bool:
    return "hit" in reply.header("Cache-Status")


def until(holds: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < give_up, "it never came to hold"
        time.sleep(0.05)


def test_visitors_of_two_servers_wait_for_one_render(serve: Callable[..., Any]) -> None:
    servers = [serve(), serve("--no-build")]
    with ThreadPoolExecutor(20) as pool:
        replies = list(pool.map(lambda n: servers[n % 2].get("/slow/"), range(20)))
    assert {version(reply) for reply in replies} == {"slow v1"}
    assert [version(server.get("/slow/")) for server in servers] == ["slow v1"] * 2


def test_a_purge_at_one_server_holds_at_the_other_at_once(serve: Callable[..., Any]) -> None:
    one, two = serve(), serve("--no-build", "--workers", "2")
    for number in range(1, 6):
        assert version(one.get("/tea/")) == version(two.get("/tea/")) == f"tea v{number}"
        assert is_hit(two.get("/tea/"))
        assert one.request("POST", "/api/purge?path=/tea/").status == 200
    assert version(two.get("/tea/")) == "tea v6"


def test_after_a_soft_purge_at_one_server_both_send_the_old_page_until_one_render_is_done(
    serve: Callable[..., Any], tmp_path: Path
) -> None:
    one, two = serve(), serve("--no-build", "--workers", "2")
    wait_for_workers(two.address[1], 2)
    assert version(one.get("/slow/")) == version(two.get("/slow/")) == "slow v1"
    assert one.request("POST", "/api/purge?path=/slow/&soft").status == 200
    servers = [two, one] * 10
    with ThreadPoolExecutor(20) as pool:
        replies = list(pool.map(lambda server: server.get("/slow/"), servers))
    assert {version(reply) for reply in replies} == {"slow v1"}
    assert all(map(is_hit, replies))
    until(lambda: version(two.get("/slow/")) == "slow v2")
    assert [version(server.get("/slow/")) for server in servers] == ["slow v2"] * 20
    assert (tmp_path / "renders").read_text().split() == ["slow"] * 2


def test_who_waits_for_a_server_that_is_killed_gets_the_page_once_its_lease_has_ended(
    serve: Callable[..., Any], tmp_path: Path
) -> None:
    one, two = serve(), serve("--no-build")
    with ThreadPoolExecutor(6) as pool:
        lost = pool.submit(one.get, "/stuck/")
        until((tmp_path / "renders").exists)
        waiting = [pool.submit(two.get, "/stuck/") for _ in range(5)]
        for pid in (*workers(one.process.pid), one.process.pid):
            os.kill(pid, signal.SIGKILL)
        assert {version(reply.result()) for reply in waiting} == {"stuck v2"}
        assert isinstance(lost.exception(), OSError | HTTPException)
    assert is_hit(two.get("/stuck/"))


def test_what_an_older_build_renders_never_takes_the_place_of_a_newer(
    serve: Callable[..., Any], site: Path
) -> None:
    """caching-tools/next-shared-cache#1060"""
    old = serve()
    assert version(old.get("/tea/")) == "tea v1"
    page = site / "content" / "[name]+ssr.html"
    page.write_text(page.read_text().replace("<p>", "<p>new "))
    new = serve("--out", "dist2")
    until(lambda: version(new.get("/tea/")).startswith("new tea"))
    kept = version(new.get("/tea/"))
    for _ in range(5):
        old.get("/tea/")
        reply = new.get("/tea/")
        assert (version(reply), is_hit(reply)) == (kept, True)


def test_while_redis_is_gone_pages_are_rendered_and_then_nothing_older_is_sent(
    serve: Callable[..., Any], own_redis: RedisServer
) -> None:
    server = serve()
    assert version(server.get("/tea/")) == "tea v1"
    assert is_hit(server.get("/tea/"))
    own_redis.stop()
    assert [version(server.get("/tea/")) for _ in range(2)] == ["tea v2", "tea v3"]
    assert server.request("POST", "/api/purge?path=/tea/").status == 503
    own_redis.start()
    until(lambda: is_hit(server.get("/tea/")))
    assert int(version(server.get("/tea/")).removeprefix("tea v")) > 3
    assert any("the edge store fails" in line for line in server.errors)
    until(lambda: any("the edge store works again" in line for line in server.errors))


def test_a_server_that_starts_before_its_redis_serves_and_keeps_pages_once_it_is_there(
    site: Path, own_redis: RedisServer, start: Callable[..., Any], free_port: int
) -> None:
    own_redis.port = free_port
    url = own_redis.url(timeout=2).replace("//", "//:mysecret@")
    server = start(site, "--store", url, "--workers", "2")
    wait_for_workers(server.address[1], 2)
    assert [version(server.get("/tea/")) for _ in range(2)] == ["tea v1", "tea v2"]
    said = "the edge store fails, pages are rendered for every visitor: Redis at 127.0.0.1:"
    assert any(said in line and "Connection refused" in line for line in server.errors)
    own_redis.options = ("requirepass mysecret",)
    own_redis.start(password="mysecret")

    def all_workers_keep_it() -> bool:
        hits = [is_hit(server.get("/tea/")) for _ in range(8)]
        return all(hits) and sum("the edge store works again" in line for line in server.errors) == 2

    until(all_workers_keep_it)
    kept = version(server.get("/tea/"))
    assert [version(server.get("/tea/")) for _ in range(10)] == [kept] * 10
    assert not any("mysecret" in line for line in server.errors)


def test_a_redis_that_hangs_costs_nobody_the_page(serve: Callable[..., Any], own_redis: RedisServer) -> None:
    one, two = serve(), serve("--no-build")
    assert version(one.get("/tea/")) == version(two.get("/tea/")) == "tea v1"
    own_redis.pause()
    sent = [version(one.get("/tea/")) for _ in range(10)]
    assert sent == [f"tea v{number}" for number in range(2, 12)]
    own_redis.resume()
    until(lambda: is_hit(one.get("/tea/")))
    assert int(version(one.get("/tea/")).removeprefix("tea v")) > 11
    until(lambda: version(two.get("/tea/")) == version(one.get("/tea/")))
