"""Mistakes that show only while a site is built or checked: sites below ``invalid`` with a ``stage.txt``."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

INVALID = Path(__file__).parents[1] / "sites" / "invalid"
STAGES = {path.parent.name: path.read_text().strip() for path in sorted(INVALID.glob("*/stage.txt"))}


@pytest.mark.parametrize("name", [name for name, stage in STAGES.items() if stage == "build"])
def test_a_mistake_that_shows_while_building_is_told(name: str, tmp_path: Path, isrgen) -> None:
    site = shutil.copytree(INVALID / name, tmp_path / name)
    done = isrgen("build", "--site", site)
    told = re.sub(r"\n\n\d+ problems?\.\n$", "\n", done.stderr)
    assert told == (INVALID / name / "expected.txt").read_text()
    assert (done.returncode, done.stdout) == (1, "")
    assert not (site / "dist").exists()


@pytest.mark.parametrize("name", [name for name, stage in STAGES.items() if stage == "check"])
def test_a_mistake_that_only_the_check_finds_is_told(name: str, tmp_path: Path, isrgen) -> None:
    site = shutil.copytree(INVALID / name, tmp_path / name)
    done = isrgen("check", "--leaks", "--site", site)
    told = re.sub(r"\n\n\d+ problems?\.\n$", "\n", done.stderr)
    assert told == (INVALID / name / "expected.txt").read_text()
    assert done.returncode == 1
    assert done.stdout.startswith("Checked ")
    assert not (site / "dist").exists()
    assert sorted(path.name for path in (site / ".isrgen").iterdir()) == [".gitignore", "build.sqlite"]
