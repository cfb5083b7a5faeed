"""What a command costs before it does anything: the modules it imports."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from isrgen.cli.group import COMMANDS

HEAVY = {"granian", "markdown_it", "mdit_py_plugins", "pygments", "rich", "watchfiles", "jinja2", "yaml"}
SLOW = {"asyncio", "multiprocessing", "sqlite3"}
FIRST = {"isrgen", "isrgen.cli", "isrgen.errors"}
"""What the command line is made of before a command is chosen, besides ``isrgen.cli.*``."""


LIST_MODULES = """
import sys
from isrgen.cli import main

code = main(sys.argv[1:])
print(*sys.modules, file=sys.stderr)
sys.exit(code)
"""


def imported(*arguments: str, cwd: Path) -> set[str]:
    """The full names of all modules that ``isrgen ARGUMENTS`` imports."""
    done = subprocess.run(
        [sys.executable, "-c", LIST_MODULES, *arguments],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONSAFEPATH": "1"},
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())


def packages(modules: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in modules}


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_help_and_version_import_no_command(argument: str, tmp_path: Path) -> None:
    found = imported(argument, cwd=tmp_path)
    assert "click" in found
    assert packages(found) & (HEAVY | SLOW) == set()
    ours = {name for name in found if name.partition(".")[0] == "isrgen"}
    assert ours - FIRST == {f"isrgen.cli.{name}" for name in ("console", "group", "options", "run")}


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_imports_nothing_that_the_command_works_with(
    command: str, tmp_path: Path
) -> None:
    found = imported(command, "--help", cwd=tmp_path)
    assert f"isrgen.cli.{command}" in found
    assert packages(found) & (HEAVY | SLOW) == set()
    rooms = ("build", "check", "config", "dev", "edge", "handlers", "render", "server", "site", "targets")
    assert {name for name in found if name.startswith(tuple(f"isrgen.{room}" for room in rooms))} == set()


def test_routes_reads_the_site_without_a_server_or_a_markdown_parser(tmp_path: Path) -> None:
    (tmp_path / "content").mkdir()
    (tmp_path / "content" / "index.md").write_text("---\ntitle: Home\n---\nHello\n")
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "page.html").write_text("{{ content }}")
    found = imported("routes", "--json", cwd=tmp_path)
    assert "isrgen.site.load" in found
    assert packages(found) & (HEAVY | SLOW) == {"yaml"}
