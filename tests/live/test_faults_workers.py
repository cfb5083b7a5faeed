"""Workers that die again and again: the site stays up, unless they do nothing else."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import programs
import pytest
from faults_site import STEADY, build

PATIENCE = 30
DEADLY = "/api/deadly"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    route = folder / "content/api/deadly+api.py"
    route.parent.mkdir(parents=True)
    route.write_text("import os\n\n\ndef GET():\n    os._exit(3)\n")
    return build(folder)


@pytest.fixture
def server(site: Path, tmp_path: Path) -> Iterator[programs.Program]:
    program = programs.isrgen(tmp_path / "server", "serve", "--no-build", "--site", str(site))
    # A worker that dies before that is one that cannot start.
    give_up = time.monotonic() + PATIENCE
    while "Serving" not in program.log.read_text():
        assert time.monotonic() < give_up
        time.sleep(0.02)
    yield program
    program.end()


def ask(port: int, path: str) -> int | None:
    """The status; None where the connection was closed, or not taken."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (http.client.HTTPException, OSError):
        return None
    finally:
        connection.close()


def until_served(server: programs.Program) -> None:
    give_up = time.monotonic() + PATIENCE
    while ask(server.port, STEADY) != 200:
        assert server.process.poll() is None, server.log.read_text()
        assert time.monotonic() < give_up
        time.sleep(0.02)


def test_a_page_that_kills_its_worker_does_not_end_the_site(server: programs.Program) -> None:
    for _ in range(3):
        assert ask(server.port, DEADLY) is None
        until_served(server)


def test_workers_that_cannot_start_any_more_end_the_server(server: programs.Program, site: Path) -> None:
    ask(server.port, STEADY)
    shutil.rmtree(site / "dist")
    (worker,) = programs.workers(server.process.pid)
    os.kill(worker, signal.SIGKILL)
    assert server.process.wait(2 * PATIENCE) == 1
