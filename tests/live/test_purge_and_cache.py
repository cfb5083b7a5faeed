"""``isrgen purge`` and ``isrgen cache`` on the stores of real servers, and what these count and log."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

TOKEN = "a-token-for-tests"
SECRET = "a-secret-for-tests"
COUNTED = "count = 0\ndef loader():\n    global count\n    count += 1\n    return {'count': count}\n"
FILES = {
    "isrgen.toml": 'base_url = "https://example.org"\n',
    "templates/page.html": "{{ content }}\n",
    "content/index+ssr.html": "---\ncache: hourly\n---\n{{ count }}\n",
    "content/index+ssr.py": COUNTED,
    "content/blog/tea+ssr.html": "---\ncache: {s-maxage: 1h, stale-while-revalidate: 1d,"
    " query: [page]}\n---\n"
    "{{ count }} {{ request.draft }}\n",
    "content/blog/tea+ssr.py": COUNTED,
    "content/menu+ssr.html": "---\ncache: hourly\n---\n{{ data.menu.a }}\n",
    "content/[slug]+ssr.html": "---\ncache: hourly\n---\n{{ slug }}\n",
    "content/[slug]+ssr.py": "def loader(params):\n    return params\n",
    "data/menu.toml": "a = 1\n",
}


@pytest.fixture
def site(make_site: Callable[..., Path]) -> Path:
    return make_site(FILES)


def keys(isrgen: Callable[..., object], site: Path, *where: str, **env: str) -> dict[str, str]:
    """What is stored, and in which state."""
    done = isrgen("cache", "ls", "--json", "--site", site, *where, **env)
    assert done.returncode == 0, done.stderr
    return {entry["key"]: entry["state"] for entry in json.loads(done.stdout)["entries"]}


WAYS = {
    "disk": (("--store", "disk:.isrgen/edge"), (), {}),
    "workers": (("--workers", "2"), (), {}),
    "server": ((), ("--server",), {"ISRGEN_TOKEN": TOKEN}),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_store_is_listed_purged_and_emptied_while_a_server_uses_it(
    site: Path, start: Callable[..., object], isrgen: Callable[..., object], way: str
) -> None:
    arguments, where, env = WAYS[way]
    server = start(site, *arguments, ISRGEN_TOKEN=TOKEN)
    where = (*where, server.url) if where else ()
    for path in ("/", "/blog/tea/", "/blog/tea/?page=2", "/menu/"):
        server.get(path)
    assert keys(isrgen, site, *where, **env) == {
        "/": "fresh", "/blog/tea/": "fresh", "/blog/tea/?page=2": "fresh", "/menu/": "fresh",
    }  # fmt: skip

    def purge(*what: str) -> str:
        done = isrgen("purge", *what, "--site", site, *where, **env)
        assert (done.returncode, done.stderr) == (0, "")
        return str(done.stdout).strip()

    place = server.url if where else "disk:.isrgen/edge"
    assert purge("https://example.org/blog/tea", "--hard") == f"Removed from {place}: 1 path."
    assert keys(isrgen, site, *where, **env) == {"/": "fresh", "/menu/": "fresh"}
    assert purge("--tag", "data:menu", "--tag", "nothing") == f"Made stale in {place}: 2 tags."
    found = keys(isrgen, site, *where, **env)
    # A server regenerates what it purged itself.
    assert found["/menu/"] == "invalidated" if not where else found["/menu/"] in ("invalidated", "fresh")
    assert purge("menu", "--hard") == f"Removed from {place}: 1 path."
    removed = isrgen("cache", "rm", "/", "--site", site, *where, **env)
    assert removed.stdout == "Removed / (1 variant).\n"
    assert keys(isrgen, site, *where, **env) == {}
    server.get("/menu/")
    assert purge("--all", "--hard") == f"Removed from {place}: everything."
    assert keys(isrgen, site, *where, **env) == {}
    assert server.get("/menu/").header("Cache-Status") == "isrgen; fwd=uri-miss; stored"


def test_what_changed_since_a_revision_is_purged_and_nothing_else(
    site: Path, start: Callable[..., object], isrgen: Callable[..., object]
) -> None:
    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *identity, *arguments], cwd=site, check=True, capture_output=True)

    (site / ".gitignore").write_text("dist/\n")
    git("init", "-q")
    git("add", "-A")
    git("commit", "-q", "-m", "first")
    server = start(site, "--store", "disk:.isrgen/edge")
    paths = ("/", "/blog/tea/", "/menu/", "/some/")

    def stale(*changed: str) -> set[str]:
        isrgen("purge", "--all", "--hard", "--site", site)
        for path in paths:
            server.get(path)
        for name in changed:
            with (site / name).open("a") as file:
                file.write("\n")
        done = isrgen("purge", "--since", "HEAD", "--site", site)
        assert done.returncode == 0, done.stderr
        git("commit", "-q", "-a", "-m", "next")
        return {key for key, state in keys(isrgen, site).items() if state == "invalidated"}

    assert stale("data/menu.toml") == {"/menu/"}
    assert stale("content/blog/tea+ssr.py") == {"/blog/tea/"}
    assert stale("content/[slug]+ssr.py") == {"/some/"}
    assert stale("content/[slug]+ssr.html") == {"/some/"}
    assert stale("templates/page.html") == set(paths)
    assert stale("isrgen.toml") == set(paths)
    quiet = isrgen("purge", "--since", "HEAD", "--site", site)
    assert quiet.stdout == "Nothing that pages are made of has changed since HEAD.\n"


def test_one_page_is_shown_with_its_lifetime_tags_and_headers(
    site: Path, start: Callable[..., object], isrgen: Callable[..., object]
) -> None:
    server = start(site, "--store", "disk:.isrgen/edge")
    server.get("/blog/tea/?page=2")
    shown = isrgen("cache", "show", "blog/tea?page=2", "--site", site).stdout
    assert shown.startswith("key       /blog/tea/?page=2\n")
    for line in (
        "state     fresh",
        "lifetime  1h fresh, 1d stale-while-revalidate",
        "  Content-Type: text/html; charset=utf-8",
    ):
        assert f"{line}\n" in shown
    data = json.loads(isrgen("cache", "show", "/blog/tea/?page=2", "--json", "--site", site).stdout)
    assert data["variants"][0]["status"] == 200
    missing = isrgen("cache", "show", "/nowhere/", "--site", site)
    assert (missing.returncode, missing.stderr.splitlines()[0]) == (
        1, "Nothing is stored of /nowhere/ in disk:.isrgen/edge."
    )  # fmt: skip


def test_what_workers_count_is_added_up_also_of_one_that_was_killed(
    site: Path, start: Callable[..., object], isrgen: Callable[..., object]
) -> None:
    server = start(site, "--workers", "2", ISRGEN_TOKEN=TOKEN)
    for _ in range(40):
        assert server.get("/menu/").status == 200

    def counted() -> dict[str, float]:
        reply = server.get("/_isrgen/metrics", {"Authorization": f"Bearer {TOKEN}"})
        assert reply.status == 200
        families = text_string_to_metric_families(reply.text)
        return {sample.name: sample.value for family in families for sample in family.samples}

    before = counted()
    assert before["isrgen_hits_total"] + before["isrgen_misses_total"] == 40
    assert before["isrgen_renders_total"] == 1
    assert before["isrgen_requests_total"] >= 40
    assert before["isrgen_store_entries"] == 1
    workers = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(server.process.pid)], capture_output=True, text=True, check=True
    ).stdout.split()
    victims = [pid for pid in workers if "spawn_main" in Path(f"/proc/{pid}/cmdline").read_text()]
    assert len(victims) == 2
    subprocess.run(["kill", "-9", victims[0]], check=True)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            after = counted()
            break
        except OSError:
            continue
    assert after["isrgen_hits_total"] + after["isrgen_misses_total"] == 40
    stats = isrgen("cache", "stats", "--json", "--server", server.url, "--site", site, ISRGEN_TOKEN=TOKEN)
    found = json.loads(stats.stdout)
    assert (found["renders"], found["entries"], found["refreshes_failed"]) == (1, 1, 0)


def test_no_token_and_no_cookie_is_ever_logged(
    site: Path, start: Callable[..., object], tmp_path: Path
) -> None:
    log = tmp_path / "access.log"
    server = start(site, "--access-log", str(log), ISRGEN_TOKEN=TOKEN, ISRGEN_DRAFT_SECRET=SECRET)
    reply = server.get(f"/_isrgen/draft?token={TOKEN}&to=/blog/tea/")
    assert reply.status == 302
    cookie = reply.header("Set-Cookie").partition(";")[0]
    server.get(f"/%5Fisrgen/draft?token={TOKEN}")
    server.get(f"/_isrgen/metrics?token={TOKEN}", {"Authorization": f"Bearer {TOKEN}"})
    assert server.get("/blog/tea/", {"Cookie": cookie}).text.strip() == "1 True"
    assert server.get("/blog/tea/").text.strip() == "2 False"
    assert server.get("/blog/tea/", {"Cookie": cookie}).text.strip() == "3 True"
    hit = server.get("/blog/tea/", {"Cookie": cookie[:-1] + "x"})
    assert (hit.text.strip(), "hit" in hit.header("Cache-Status")) == ("2 False", True)
    server.stop()
    written = log.read_text()
    assert "/_isrgen/draft" in written
    assert TOKEN not in written + "".join(server.errors)
    assert cookie.partition("=")[2] not in written + "".join(server.errors)


def test_under_uvicorn_the_token_is_not_in_its_access_log(
    site: Path, isrgen: Callable[..., object], free_port: int
) -> None:
    """uvicorn logs the query of every request, unless nothing is left of it."""
    assert isrgen("build", "--site", site).returncode == 0
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "app:app", "--port", str(free_port)],
        cwd=site / "dist/server",
        env={"PATH": "", "ISRGEN_TOKEN": TOKEN, "ISRGEN_DRAFT_SECRET": SECRET},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        deadline = time.monotonic() + 30
        while True:
            connection = HTTPConnection("127.0.0.1", free_port, timeout=10)
            try:
                connection.request("GET", f"/_isrgen/draft?token={TOKEN}&to=/blog/tea/")
                response = connection.getresponse()
                break
            except OSError:
                assert time.monotonic() < deadline
            finally:
                connection.close()
        assert response.status == 302
    finally:
        process.terminate()
        told = process.communicate(timeout=30)[0]
    assert "GET /_isrgen/draft HTTP" in told
    assert TOKEN not in told
