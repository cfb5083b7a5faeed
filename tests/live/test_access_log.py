"""``isrgen serve --access-log``, and the counts of several workers."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

FILES = {
    "content/index.md": "Home.",
    "content/kept+ssr.html": "---\ncache: {s-maxage: 1h}\n---\n<p>kept</p>",
}


def read(log: Path, count: int) -> list[dict[str, Any]]:
    """The lines, once that many are there; another thread of another process writes them."""
    deadline = time.monotonic() + 20
    while len(lines := log.read_text().splitlines()) < count and time.monotonic() < deadline:
        time.sleep(0.02)
    return [json.loads(line) for line in lines]


def test_every_worker_writes_whole_lines_and_goes_on_in_a_new_file_after_a_rotation(
    make_site: Callable[..., Path], start: Callable[..., Any], tmp_path: Path
) -> None:
    log = tmp_path / "access.log"
    server = start(make_site(FILES), "--workers", "2", "--access-log", str(log))
    for number in range(40):
        server.get(f"/kept/?n={number}")
    server.get("/", {"User-Agent": 'a"\\u000a{}'})
    lines = read(log, 41)
    assert {line["status"] for line in lines} == {200}
    assert {line["cache"] for line in lines if line["path"] != "/"} <= {"hit", "miss", "collapsed"}
    assert {f"/kept/?n={number}" for number in range(40)} <= {line["path"] for line in lines}
    log.rename(tmp_path / "access.log.1")
    # Each worker looks once a second whether its file is still there.
    deadline = time.monotonic() + 20
    while not log.exists() and time.monotonic() < deadline:
        server.get("/after-rotation/")
        time.sleep(0.05)
    assert {line["path"] for line in read(log, 1)} == {"/after-rotation/"}


def test_the_log_goes_to_standard_output_and_what_waits_is_written_at_the_end(
    make_site: Callable[..., Path], start: Callable[..., Any]
) -> None:
    server = start(make_site(FILES), "--access-log", "-")
    server.get("/_isrgen/health?token=secret")
    server.get("/kept/")
    assert server.stop() == 0
    written = [json.loads(line) for line in server.process.stdout if line.startswith("{")]
    assert [(line["path"], line["status"]) for line in written] == [("/_isrgen/health", 200), ("/kept/", 200)]


def test_a_log_that_cannot_be_written_is_told_before_anything_is_built(
    make_site: Callable[..., Path], isrgen: Callable[..., Any], tmp_path: Path
) -> None:
    site = make_site(FILES)
    told = isrgen("serve", "--site", site, "--access-log", tmp_path / "absent" / "log")
    assert (told.returncode, "cannot be written: No such file or directory" in told.stderr) == (2, True)
    assert not (site / "dist").exists()
