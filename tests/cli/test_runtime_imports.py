"""What ``dist/server`` needs at run time: Jinja2, its own copy of isrgen, and the standard library."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

LIST_MODULES = """
import asyncio, json, sys
before = set(sys.modules)
import app

async def get(path):
    sent = []
    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}
    async def send(message):
        sent.append(message)
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": b"", "headers": [(b"host", b"example.org")],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
    }
    await app.app(scope, receive, send)
    return sent[0]["status"], b"".join(m.get("body", b"") for m in sent[1:]).decode()

found = asyncio.run(get("/cup/"))
import isrgen
print(json.dumps({
    "found": found,
    "from": isrgen.__file__,
    "modules": sorted({name.partition(".")[0] for name in set(sys.modules) - before}),
}))
"""

FILES = {
    "templates/page.html": "<!doctype html><title>t</title>{{ content }}",
    "content/index.md": "Hello.\n\n```python\nprint()\n```\n",
    "content/cup+ssr.html": "---\ncache: hourly\n---\n<p>{{ drink }}</p>",
    "content/cup+ssr.py": "def loader():\n    return {'drink': 'tea'}\n",
}


Run = Callable[[str], str]


@pytest.fixture
def run(make_site: Callable[..., Path], isrgen: Callable[..., Any], tmp_path: Path) -> Run:
    """Run code in a built server, on its own; gives what it printed."""
    site = make_site(FILES)
    assert isrgen("build", "--site", site).returncode == 0
    server = tmp_path / "elsewhere"
    (site / "dist" / "server").rename(server)

    def run(code: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=server,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_the_built_server_imports_nothing_but_jinja2_and_its_own(run: Run, tmp_path: Path) -> None:
    told = json.loads(run(LIST_MODULES))
    assert told["found"][0] == 200
    assert "<p>tea</p>" in told["found"][1]
    assert Path(told["from"]).is_relative_to(tmp_path / "elsewhere")
    pages_and_platform = ("_isrgen_site_", "_sysconfigdata")
    found = {name for name in told["modules"] if not name.startswith(pages_and_platform)}
    assert found - sys.stdlib_module_names == {"app", "isrgen", "jinja2", "markupsafe"}


def test_every_public_name_can_be_imported_there(run: Run) -> None:
    """A loader may say ``from isrgen import *``."""
    code = "from isrgen import *\nprint(EdgeCache.__module__)"
    assert run(code) == "isrgen.server.edge_cache\n"
