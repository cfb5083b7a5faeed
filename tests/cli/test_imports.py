"""What a command costs before it does anything: the modules it imports."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"granian", "markdown_it", "mdit_py_plugins", "pygments", "rich", "watchfiles", "jinja2", "yaml"}


def imported(*arguments: str, cwd: Path) -> set[str]:
    """The top-level names of every module that ``isrgen ARGUMENTS`` imports."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "isrgen.cli", *arguments],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONSAFEPATH": "1"},
    )
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip().split(".")[0] for line in lines}


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], []], ids=str)
def test_help_and_version_import_nothing_heavy(arguments: list[str], tmp_path: Path) -> None:
    if not arguments:
        arguments = ["new", "--help"]
    assert imported(*arguments, cwd=tmp_path) & (HEAVY | {"sqlite3", "multiprocessing"}) == set()


def test_routes_reads_the_site_without_a_server_or_a_markdown_parser(tmp_path: Path) -> None:
    (tmp_path / "content").mkdir()
    (tmp_path / "content" / "index.md").write_text("---\ntitle: Home\n---\nHello\n")
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "page.html").write_text("{{ content }}")
    found = imported("routes", "--json", cwd=tmp_path)
    assert found & (HEAVY - {"yaml"}) == set()
