"""``isrgen dev`` as a browser meets it: edits, mistakes, and a clock that moves."""

from __future__ import annotations

import http.client
import re
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

VISIT = {"Accept": "text/html,*/*;q=0.8"}

FILES = {
    "templates/page.html": "<!doctype html><title>{{ page.title }}</title><body>{{ content }}</body>",
    "content/index.md": "First words.",
    "content/_lib/words.py": "WORD = 'tea'\n",
    "content/cup+ssr.py": (
        "from _lib.words import WORD\n"
        "from isrgen import Response\n"
        "def loader():\n"
        "    return Response('<p>' + WORD + '</p>', headers={'Content-Type': 'text/html',"
        " 'Cache-Control': 'public, s-maxage=3600, stale-while-revalidate=86400'})\n"
    ),
    "content/stream+ssr.py": (
        "from isrgen import Response\n"
        "def loader():\n"
        "    return Response(iter(['<p>one', '<p>two']), headers={'Content-Type': 'text/html'})\n"
    ),
    "content/draft.md": "---\ndraft: true\n---\nNot yet.",
}


@pytest.fixture
def site(make_site: Callable[..., Path]) -> Path:
    return make_site(FILES)


@pytest.fixture
def dev(start: Callable[..., object], site: Path) -> object:
    return start(site, command="dev")


def until(found: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 60
    while not found():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.05)


def shows(server: object, path: str, text: str) -> Callable[[], bool]:
    def found() -> bool:
        with suppress(OSError, http.client.HTTPException):  # one worker may go before the next one listens
            return text in server.get(path, VISIT).text
        return False

    return found


def seen(page: str) -> int:
    (number,) = re.findall(r"/_isrgen/dev/reload\.js\?seen=(\d+)", page)
    return int(number)


def test_a_page_carries_the_reload_script_once_and_curl_gets_the_bare_bytes(dev: object) -> None:
    page = dev.get("/", VISIT).text
    assert seen(page) > 0
    assert page.endswith("</script></body>")
    assert "reload.js" not in dev.get("/").text
    script = dev.get(f"/_isrgen/dev/reload.js?seen={seen(page)}")
    assert script.header("content-type").startswith("text/javascript")
    assert f"seen={seen(page)}" in script.text


def test_a_streamed_page_and_a_not_found_page_carry_it_too(dev: object) -> None:
    assert seen(dev.get("/stream/", VISIT).text)
    assert dev.get("/stream/").text == "<p>one<p>two"
    missing = dev.get("/nowhere/", VISIT)
    assert missing.status == 404
    assert seen(missing.text)


def test_drafts_are_shown(dev: object) -> None:
    assert "Not yet." in dev.get("/draft/", VISIT).text


def test_an_edit_is_shown_and_an_open_page_is_told_to_reload(dev: object, site: Path) -> None:
    number = seen(dev.get("/", VISIT).text)
    told = threading.Event()
    threading.Thread(target=listen, args=(dev, number, told), daemon=True).start()
    (site / "content" / "index.md").write_text("Second words.")
    assert told.wait(30), "the page was never told to reload"
    page = dev.get("/", VISIT).text
    assert "Second words." in page
    assert seen(page) != number


def test_edited_python_is_what_runs_modules_that_pages_share_included(dev: object, site: Path) -> None:
    assert "<p>tea</p>" in dev.get("/cup/", VISIT).text
    (site / "content" / "_lib" / "words.py").write_text("WORD = 'coffee'\n")
    until(shows(dev, "/cup/", "<p>coffee</p>"), "the edited module")


def test_a_mistake_is_shown_in_place_of_every_page_until_it_is_mended(dev: object, site: Path) -> None:
    broken = site / "content" / "broken.md"
    broken.write_text("---\ndate: never\n---\n")
    until(shows(dev, "/", "content/broken.md:2"), "the overlay")
    overlay = dev.get("/cup/", VISIT)
    assert overlay.status == 500
    assert "which is not a date" in overlay.text
    assert seen(overlay.text)
    assert "First words." in dev.get("/").text
    broken.unlink()
    until(shows(dev, "/", "First words."), "the mended site")


def test_an_open_page_is_told_of_mistakes_and_all_of_them_are_shown(dev: object, site: Path) -> None:
    number = seen(dev.get("/", VISIT).text)
    told = threading.Event()
    threading.Thread(target=listen, args=(dev, number, told), daemon=True).start()
    # One by one: the second comes while the page already stands for the first.
    (site / "content" / "broken.md").write_text("---\ndate: never\n---\n")
    assert told.wait(30), "the page was never told to reload"
    (site / "templates" / "page.html").write_text("{% if %}")
    until(shows(dev, "/", "2 problems"), "both mistakes")
    overlay = dev.get("/", VISIT).text
    assert "content/broken.md:2" in overlay
    assert "templates/page.html:1" in overlay


def test_a_strict_site_shows_what_makes_a_page_private_in_place_of_it(
    start: Callable[..., object], make_site: Callable[..., Path]
) -> None:
    files = {
        "isrgen.toml": "strict = true\n",
        "content/who+ssr.html": "---\ncache: {s-maxage: 1h}\n---\n{{ request.cookies.get('session') }}",
    }
    site = make_site(FILES | files)
    overlay = start(site, command="dev").get("/who/", VISIT)
    assert overlay.status == 500
    assert "content/who+ssr.html:4: This reads the cookie `session`" in overlay.text
    assert seen(overlay.text)
    served = start(site)
    reply = served.get("/who/")
    assert (reply.status, reply.header("cache-control")) == (200, "private, no-store")
    until(lambda: "ERROR content/who+ssr.html:4" in "".join(served.errors), "the log")


def test_a_site_that_never_built_is_served_as_its_problems(start: Callable[..., object], site: Path) -> None:
    (site / "content" / "broken.md").write_text("---\ndate: never\n---\n")
    dev = start(site, command="dev")
    assert "content/broken.md:2" in dev.get("/", VISIT).text
    assert "content/broken.md:2" in dev.get("/").text
    (site / "content" / "broken.md").unlink()
    until(shows(dev, "/", "First words."), "the mended site")


def test_moving_the_clock_makes_a_page_stale_and_the_next_visit_refreshes_it(dev: object) -> None:
    def state() -> str:
        return dev.get("/cup/").header("cache-status")

    assert "fwd=uri-miss" in state()
    assert "hit; ttl=" in state()
    moved = dev.get("/_isrgen/dev/clock?forward=2h")
    assert (moved.status, moved.header("location")) == (303, "/_isrgen/dev/clock")
    assert "detail=revalidating" in state()
    until(lambda: "hit; ttl=3" in state(), "the refreshed page")
    assert "2:00:00 ahead" in dev.get("/_isrgen/dev/clock").text
    assert dev.get("/_isrgen/dev/clock?forward=soon").status == 400
    assert dev.get("/_isrgen/dev/nothing").status == 404


def test_nothing_is_written_but_what_lies_in_dot_isrgen(dev: object, site: Path) -> None:
    assert dev.get("/", VISIT).status == 200
    assert {path.name for path in site.iterdir()} == {".isrgen", "content", "templates"}
    assert dev.stop() == 0
    assert "panicked" not in "".join(dev.errors)


def listen(server: object, number: int, told: threading.Event) -> None:
    """What an open page does: ask for events, ask again when the stream ends."""
    while not told.is_set():
        connection = http.client.HTTPConnection(*server.address, timeout=30)
        try:
            connection.request("GET", f"/_isrgen/dev/events?seen={number}")
            if b"event: reload" in connection.getresponse().read():
                told.set()
        except (OSError, http.client.HTTPException):
            time.sleep(0.1)
        finally:
            connection.close()


def test_a_real_browser_loads_the_page_again_after_an_edit(
    start: Callable[..., object], make_site: Callable[..., Path], tmp_path: Path, require: Callable[..., str]
) -> None:
    chromium = require("chromium")
    visits = tmp_path / "visits"
    visits.touch()
    counting = f"def loader():\n    open({str(visits)!r}, 'a').write('.')\n    return {{}}\n"
    site = make_site(FILES | {"content/visit+ssr.html": "<p>v</p>", "content/visit+ssr.py": counting})
    dev = start(site, command="dev")
    quiet = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    browser = subprocess.Popen(
        [
            chromium,
            "--headless",
            "--no-sandbox",
            *quiet,
            "--disable-component-update",
            "--disable-sync",
            f"--user-data-dir={tmp_path / 'profile'}",
            "--remote-debugging-port=0",
            f"{dev.url}visit/",
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with browser:
        try:
            until(lambda: visits.read_text() == ".", "the browser")
            (site / "content" / "index.md").write_text("Second words.")
            until(lambda: visits.read_text() == "..", "the browser to load the page again")
        finally:
            browser.terminate()
