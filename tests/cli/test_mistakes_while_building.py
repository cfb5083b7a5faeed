"""Mistakes that show only while a site is built: ``tests/sites/invalid/*`` with a ``stage.txt``."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

INVALID = Path(__file__).parents[1] / "sites" / "invalid"
STAGED = sorted(path.parent.name for path in INVALID.glob("*/stage.txt"))


@pytest.mark.parametrize("name", STAGED)
def test_a_mistake_that_shows_while_building_is_told(name: str, tmp_path: Path, isrgen) -> None:
    site = shutil.copytree(INVALID / name, tmp_path / name)
    done = isrgen("build", "--site", site)
    told = re.sub(r"\n\n\d+ problems?\.\n$", "\n", done.stderr)
    assert told == (INVALID / name / "expected.txt").read_text()
    assert (done.returncode, done.stdout) == (1, "")
    assert not (site / "dist").exists()
