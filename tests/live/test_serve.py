"""``isrgen serve`` over real sockets: what visitors get while pages are rendered, refreshed and purged."""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path

import pytest

LOADER = """
import asyncio
import os
import time
from http.client import HTTPException
from pathlib import Path

HERE = Path({here!r})


def loader(params):
    name = params["name"]
    with (HERE / "renders").open("a") as file:
        file.write(name + "\\n")
    number = (HERE / "renders").read_text().split().count(name)
    if name == "slow":
        time.sleep(1)
    while name == "gated" and not (HERE / "open").exists():
        time.sleep(0.01)
    if name == "deadly":
        os._exit(70)
    return {{"number": number}}
"""

PURGE = """
from isrgen import Response, revalidate_path


def POST(request):
    revalidate_path(request.query.get("path"), hard=True)
    return {"purged": True}
"""

FILES = {
    "isrgen.toml": 'render_timeout = "30s"\n',
    "templates/page.html": "<!doctype html><title>t</title>{{ content }}",
    "content/index.md": "Home.",
    "content/page/[name]+ssr.html": (
        "---\ncache: {s-maxage: 1, stale-while-revalidate: 1h}\n---\n<p>{{ params.name }} v{{ number }}</p>"
    ),
    "content/kept/[name]+ssr.html": "---\ncache: {s-maxage: 1h}\n---\n<p>{{ params.name }} v{{ number }}</p>",
    "content/api/purge+api.py": PURGE,
}


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """Where the loaders count their renders and find their gate."""
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "renders").touch()
    return folder


@pytest.fixture
def site(make_site: Callable[..., Path], here: Path) -> Path:
    loader = LOADER.format(here=str(here))
    return make_site(FILES | {"content/page/[name]+ssr.py": loader, "content/kept/[name]+ssr.py": loader})


def renders(here: Path, name: str) -> int:
    return (here / "renders").read_text().split().count(name)


def until(found: Callable[[], bool], what: str) -> None:
    """Ask again until it is so; fails with ``what`` was waited for."""
    deadline = time.monotonic() + 60
    while not found():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.02)


def state(reply: object) -> str:
    return reply.header("cache-status").removeprefix("isrgen; ")


def test_a_page_is_a_miss_then_a_hit_then_stale_with_its_refresh_behind(start, site: Path) -> None:
    server = start(site)
    first = server.get("/page/tea/")
    assert (first.status, state(first)) == (200, "fwd=uri-miss; stored")
    assert "tea v1" in first.text
    second = server.get("/page/tea/")
    assert state(second).startswith("hit; ttl=")
    until(lambda: "revalidating" in state(server.get("/page/tea/")), "the page to grow stale")
    until(lambda: "tea v2" in server.get("/page/tea/").text, "the refreshed page")


def test_no_visitor_waits_for_a_refresh_that_cannot_even_finish(start, site: Path, here: Path) -> None:
    server = start(site)
    (here / "open").touch()
    assert "gated v1" in server.get("/page/gated/").text
    (here / "open").unlink()
    until(lambda: renders(here, "gated") == 2 or not server.get("/page/gated/"), "the refresh to begin")
    for _ in range(20):
        reply = server.get("/page/gated/")
        assert "gated v1" in reply.text
        assert "hit" in state(reply)
    assert renders(here, "gated") == 2
    (here / "open").touch()
    until(lambda: "gated v1" not in server.get("/page/gated/").text, "the refreshed page")


def test_no_visitor_waits_for_a_refresh_that_takes_one_second(start, site: Path) -> None:
    server = start(site)
    assert "slow v1" in server.get("/page/slow/").text
    replies = []

    def refreshed() -> bool:
        replies.append(server.get("/page/slow/"))
        return "slow v1" not in replies[-1].text

    until(refreshed, "the refreshed page")
    assert all(state(reply).startswith("hit; ") for reply in replies)
    assert any("revalidating" in state(reply) and "slow v1" in reply.text for reply in replies)


def test_concurrent_visitors_of_a_missing_page_share_one_render(start, site: Path, here: Path) -> None:
    server = start(site)
    with ThreadPoolExecutor(12) as pool:
        waiting = [pool.submit(server.get, "/kept/gated/") for _ in range(12)]
        until(lambda: renders(here, "gated") == 1, "the render to begin")
        (here / "open").touch()
        replies = [one.result() for one in waiting]
    assert {reply.text for reply in replies} == {replies[0].text}
    assert {reply.status for reply in replies} == {200}
    assert renders(here, "gated") == 1


def test_several_workers_share_one_flight_and_a_purge_reaches_them_all(start, site: Path, here: Path) -> None:
    server = start(site, "--workers", 3)
    until(lambda: server.get("/").status == 200, "the server")
    with ThreadPoolExecutor(12) as pool:
        waiting = [pool.submit(server.get, "/kept/gated/") for _ in range(12)]
        until(lambda: renders(here, "gated") >= 1, "the render to begin")
        (here / "open").touch()
        replies = [one.result() for one in waiting]
    assert {reply.status for reply in replies} == {200}
    assert renders(here, "gated") == 1
    assert "gated v1" in replies[0].text
    assert server.request("POST", "/api/purge?path=/kept/gated/").status == 200
    assert all("gated v2" in server.get("/kept/gated/").text for _ in range(30))
    assert renders(here, "gated") == 2
    assert (site / ".isrgen" / "edge").exists()


def test_sigterm_stops_accepting_finishes_what_is_under_way_and_exits_well(
    start, site: Path, here: Path
) -> None:
    server = start(site)
    with ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(server.get, "/kept/gated/")
        until(lambda: renders(here, "gated") == 1, "the render to begin")
        server.process.send_signal(signal.SIGTERM)
        until(lambda: not accepts(server), "the server to stop accepting")
        (here / "open").touch()
        reply = under_way.result()
    assert (reply.status, "gated v1" in reply.text) == (200, True)
    assert server.process.wait(10) == 0


def test_sigterm_ends_a_server_whose_loader_never_does_within_ten_seconds(
    start, site: Path, here: Path
) -> None:
    server = start(site)
    asking = threading.Thread(target=lambda: status_or_none(server, "/kept/gated/"), daemon=True)
    asking.start()
    until(lambda: renders(here, "gated") == 1, "the render to begin")
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(10) == 0
    asking.join(10)


def test_a_server_can_be_started_again_at_once_on_the_port_it_had(start, site: Path) -> None:
    first = start(site)
    port = first.address[1]
    assert first.get("/").status == 200
    assert first.stop() == 0
    second = start(site, "--port", port)
    assert second.address[1] == port
    assert second.get("/").status == 200


def test_a_port_in_use_is_one_message_that_names_it_and_the_way_out(start, site: Path, isrgen) -> None:
    port = start(site).address[1]
    done = isrgen("serve", "--site", site, "--no-build", "--port", port)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"Port {port} on 127.0.0.1 is in use.\n"
        f"  Stop what listens there, or choose another one: --port {port % 65535 + 1};"
        " --port 0 takes any free one.\n"
    )


def test_a_worker_that_dies_is_replaced(start, site: Path) -> None:
    server = start(site)
    assert status_or_none(server, "/kept/deadly/") is None
    until(lambda: status_or_none(server, "/") == 200, "the new worker")


def test_workers_that_cannot_start_end_the_server_with_one_reason(start, site: Path, isrgen) -> None:
    assert isrgen("build", "--site", site).returncode == 0
    for manifest in (site / "dist" / "server").glob("*.json"):
        manifest.write_text("{}")
    done = isrgen("serve", "--site", site, "--no-build", "--port", "0")
    assert done.returncode == 1
    assert "Serving" not in done.stdout
    assert "isrgen build" in done.stderr
    assert "Traceback" not in done.stderr


def test_behind_a_cdn_its_headers_are_sent_and_our_edge_is_off(start, site: Path, here: Path) -> None:
    server = start(site, "--behind", "generic")
    for _ in range(2):
        reply = server.get("/kept/tea/")
        assert reply.header("cache-control").startswith("public, s-maxage=3600")
    assert renders(here, "tea") == 2
    kept = start(site, "--no-build", "--edge", ISRGEN_BEHIND="generic")
    for _ in range(2):
        assert kept.get("/kept/water/").header("cache-control").startswith("public, s-maxage=3600")
    assert renders(here, "water") == 1


def test_the_admin_endpoints_need_the_token_from_the_environment(start, site: Path) -> None:
    server = start(site, ISRGEN_TOKEN="secret")
    assert server.get("/_isrgen/health").status == 200
    assert server.request("POST", "/_isrgen/revalidate").status == 401
    assert start(site, "--no-build").request("POST", "/_isrgen/revalidate").status == 404


@pytest.mark.parametrize(
    ("line", "statuses"),
    [
        (b"GET /../isrgen.toml HTTP/1.1", (b"400", b"404")),
        (b"GET /%2e%2e/isrgen.toml HTTP/1.1", (b"400", b"404")),
        (b"GET /a%00b/ HTTP/1.1", (b"400", b"404")),
        (b"GET /%ff/ HTTP/1.1", (b"400", b"404")),
        (b"GET //evil.example/ HTTP/1.1", (b"400",)),
        (b"GET /page/a%2Fb/ HTTP/1.1", (b"400", b"404")),
    ],
    ids=lambda value: value.decode() if isinstance(value, bytes) else "",
)
def test_a_path_that_leaves_the_site_is_refused_and_the_server_stays_up(
    serving: object, line: bytes, statuses: tuple[bytes, ...]
) -> None:
    head = serving.raw(line + b"\r\nHost: localhost\r\nConnection: close\r\n\r\n").split(b"\r\n")[0]
    assert head.split(b" ")[1] in statuses
    assert serving.get("/").status == 200


def test_ten_megabytes_of_header_are_refused_and_the_server_stays_up(serving: object) -> None:
    request = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Large: " + b"x" * 10_000_000 + b"\r\n\r\n"
    with suppress(ConnectionResetError, BrokenPipeError):
        assert b" 200 " not in serving.raw(request).split(b"\r\n")[0]
    assert serving.get("/").status == 200


@pytest.fixture
def serving(start, site: Path) -> Iterator[object]:
    return start(site)


def accepts(server: object) -> bool:
    try:
        socket.create_connection(server.address, timeout=1).close()
    except OSError:
        return False
    return True


def status_or_none(server: object, path: str) -> int | None:
    try:
        return server.get(path).status
    except (OSError, HTTPException):
        return None
