"""The picture of the rooms that the package opens with is the one that is held to."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import isrgen

ROOT = Path(__file__).parents[2]


def test_the_rooms_are_drawn_as_the_imports_are_checked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = project["tool"]["importlinter"]["contracts"][0]["layers"]
    _, _, picture = (isrgen.__doc__ or "").partition("do not see each other:\n\n")
    drawn = [line.strip() for line in picture.partition("\n\n")[0].splitlines()]
    named = [re.split(r"\s{3,}", re.sub(r"\s*\|\s*", " | ", line))[0].strip() for line in drawn]
    assert [re.match(r"\w+(?: \| \w+)*", name)[0] for name in named] == layers  # type: ignore[index]
