"""``make serve`` where nothing is installed yet: the environment, a build of this site, and its server."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import urllib.request
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
LEFT_BEHIND = shutil.ignore_patterns(".*", "dist", "tests", "node_modules", "__pycache__")


def test_make_serve_shows_the_site_from_a_bare_checkout_and_installs_only_once(
    tmp_path: Path, free_port: int, require: Callable[..., str]
) -> None:
    make = require("make")
    checkout = tmp_path / "checkout"
    shutil.copytree(ROOT, checkout, ignore=LEFT_BEHIND)
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ISRGEN_", "VIRTUAL_ENV", "PYTHON", "MAKE", "MFLAGS"))
    }
    server = subprocess.Popen(
        [make, "serve", f"PORT={free_port}"],
        cwd=checkout,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    url = f"http://127.0.0.1:{free_port}/"
    with server:
        try:
            assert server.stdout is not None
            assert any(url in line for line in server.stdout)
            for path in ("", "docs/", "blog/", "api/posts"):
                with urllib.request.urlopen(url + path, timeout=30) as response:
                    assert response.status == 200
        finally:
            os.killpg(server.pid, signal.SIGTERM)
    again = subprocess.run(
        [make, "--dry-run", "serve"],
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "pip install" not in again.stdout
    assert "isrgen serve --port 8000" in again.stdout
