"""Every command that the README shows is run, in its order, in one folder."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LISTENS = ("serve", "dev")


def commands() -> list[list[str]]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    fences = re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    return [shlex.split(line, comments=True) for fence in fences for line in fence.splitlines() if line]


def test_every_command_in_the_readme_is_one_of_those_that_are_tried() -> None:
    programs = {command[0] for command in commands()}
    assert programs == {"pip", "isrgen", "cd", "make"}
    assert ["pip", "install", "isrgen"] in commands()
    assert {command[1] for command in commands() if command[0] == "isrgen"} == {
        "new",
        "build",
        "serve",
        "dev",
        "deploy",
        "routes",
        "cache",
        "purge",
        "check",
    }


def test_the_isrgen_commands_of_the_readme_work_one_after_the_other(
    tmp_path: Path, isrgen: Callable[..., object], start: Callable[..., object]
) -> None:
    folder = tmp_path
    for program, *arguments in commands():
        if program == "cd":
            folder = folder / arguments[0]
            assert folder.is_dir()
        elif program == "isrgen" and arguments[0] in LISTENS:
            server = start(folder, *arguments[1:], command=arguments[0])
            assert server.get("/", {"Accept": "text/html"}).status == 200
            assert server.stop() == 0
        elif program == "isrgen":
            done = isrgen(*arguments, cwd=folder)
            assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("target", ["serve", "test"])
def test_the_make_targets_of_the_readme_are_there(target: str) -> None:
    assert ["make", target] in commands()
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
