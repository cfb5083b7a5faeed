"""What is different on a terminal: colour and fitted tables, and none of the colour under NO_COLOR."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from isrgen.caching.policy import Lifetime
from isrgen.caching.stored import Stored
from isrgen.edge.open import open_store

FILES = {"templates/page.html": "{{ content }}", "content/index.md": "Hello.", "content/about.md": "Us."}
COLOUR = re.compile(r"\x1b\[[0-9;]*3[0-7]")


def on_a_terminal(*arguments: object, **env: str) -> tuple[int, str]:
    """The exit code and all output of a command whose three streams are a terminal."""
    ours, theirs = pty.openpty()
    clean = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "FORCE_COLOR")}
    process = subprocess.Popen(
        [sys.executable, "-m", "isrgen.cli", *map(str, arguments)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**clean, "TERM": "xterm-256color", "COLUMNS": "100", **env},
    )
    os.close(theirs)
    shown = b""
    try:
        while chunk := os.read(ours, 65536):
            shown += chunk
    except OSError:  # the other end is closed
        pass
    finally:
        os.close(ours)
    return process.wait(60), shown.decode()


def plain(shown: str) -> list[str]:
    return re.sub(r"\x1b\[[0-9;]*m", "", shown).splitlines()


LONG = "content/files/a-rather-long-name-for-a-page+ssr.md"
ROUTES = FILES | {LONG: "---\ncache: hourly\n---\nLong."}
ROUTE = "/files/a-rather-long-name-for-a-page/  ISR       3600s + 86400s stale"
BECAUSE = "the file suffix +ssr, and its own cache"


@pytest.mark.parametrize(
    ("columns", "lines"),
    [
        ("170", [f"{ROUTE}  {LONG}  {BECAUSE}"]),
        ("130", [f"{ROUTE}  {LONG}", f"  {BECAUSE}"]),
        ("100", [ROUTE, f"  {LONG}  {BECAUSE}"]),
        ("40", [ROUTE, f"  {LONG}  {BECAUSE}"]),
    ],
)
def test_routes_fold_no_word_and_put_what_does_not_fit_on_a_line_of_its_own(
    make_site: Callable[..., Path], columns: str, lines: list[str]
) -> None:
    code, shown = on_a_terminal("routes", "--site", make_site(ROUTES), COLUMNS=columns)
    assert code == 0
    found = plain(shown)
    at = next(index for index, line in enumerate(found) if line.startswith("/files/"))
    assert found[at : at + len(lines)] == lines
    assert len(found) == 4 * len(lines)
    if columns != "40":
        assert max(map(len, found)) <= int(columns)


@pytest.mark.parametrize(
    ("env", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_strategies_have_colours_unless_no_color_or_the_terminal_says_otherwise(
    make_site: Callable[..., Path], env: dict[str, str], coloured: bool
) -> None:
    _, shown = on_a_terminal("routes", "--site", make_site(ROUTES), **env)
    assert bool(COLOUR.search(shown)) is coloured
    assert ("\x1b[36mISR" in shown) is coloured


def test_a_table_that_is_piped_has_no_colour_and_one_line_a_row(
    make_site: Callable[..., Path], isrgen: Callable[..., object]
) -> None:
    done = isrgen("routes", "--site", make_site(ROUTES), TERM="xterm-256color", COLUMNS="40")
    assert "\x1b" not in done.stdout
    assert f"{ROUTE}  {LONG}  {BECAUSE}" in done.stdout.splitlines()


def test_a_build_shows_its_steps_and_ends_with_the_same_line(make_site: Callable[..., Path]) -> None:
    code, shown = on_a_terminal("build", "--site", make_site(FILES))
    assert code == 0
    assert re.search(r"Made \d+ files in dist, reused 0, in \d+\.\d\d s\.", shown)


@pytest.mark.parametrize(("env", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_problems_are_red_unless_no_color_says_otherwise(
    make_site: Callable[..., Path], env: dict[str, str], coloured: bool
) -> None:
    site = make_site(FILES | {"content/broken.md": "---\ndate: never\n---\n"})
    code, shown = on_a_terminal("build", "--site", site, **env)
    assert code == 1
    assert "content/broken.md:2" in re.sub(r"\x1b\[[0-9;]*m", "", shown)
    assert bool(COLOUR.search(shown)) is coloured


def test_sigterm_during_a_build_is_a_quiet_end_that_leaves_no_half_output(
    make_site: Callable[..., Path], tmp_path: Path
) -> None:
    begun = tmp_path / "begun"
    slow = (
        "import time\n"
        "def static_params():\n"
        f"    open({str(begun)!r}, 'w').close()\n"
        "    time.sleep(60)\n"
        "    return []\n"
        "def loader():\n    return {}\n"
    )
    site = make_site(FILES | {"content/[slug]+ssg.html": "x", "content/[slug]+ssg.py": slow})
    process = subprocess.Popen(
        [sys.executable, "-m", "isrgen.cli", "build", "--site", str(site)],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            deadline = time.monotonic() + 30
            while not begun.exists() and time.monotonic() < deadline:
                time.sleep(0.02)
            assert begun.exists(), "the build never came to static_params"
            process.send_signal(signal.SIGTERM)
            code = process.wait(15)
        finally:
            process.kill()
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()
    assert code == 128 + signal.SIGTERM
    assert not (site / "dist").exists()
    assert [path.name for path in site.iterdir() if path.name.startswith(".dist")] == []


def test_what_is_stored_is_a_table_with_the_states_in_colour(tmp_path: Path) -> None:
    now = time.time()

    async def fill() -> None:
        store = open_store("disk:.isrgen/edge", root=tmp_path, shared=True)
        for key, generated_at in (("/fresh/", now), ("/old/", now - 10_000)):
            stored = Stored(200, (), b"", "", Lifetime(3600, 60), generated_at, tags=("blog",))
            await store.put(key, stored, await store.epoch())
        await store.close()

    (tmp_path / "content").mkdir()
    asyncio.run(fill())
    code, shown = on_a_terminal("cache", "ls", "--site", tmp_path)
    assert code == 0
    assert re.search(r"\x1b\[32mfresh", shown)
    assert re.search(r"\x1b\[31mexpired", shown)
    assert plain(shown)[0].split() == ["KEY", "STATE", "AGE", "TTL", "SIZE", "VARIANT", "TAGS"]
    assert not COLOUR.search(on_a_terminal("cache", "ls", "--site", tmp_path, NO_COLOR="1")[1])
