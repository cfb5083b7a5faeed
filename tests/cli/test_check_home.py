"""This repository's own site has no broken links and no leaks."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

HOME = Path(__file__).parents[2]
PARTS = ("content", "templates", "static", "assets", "data", "pyproject.toml")


def test_the_site_of_this_repository_passes_its_own_check(tmp_path: Path, isrgen) -> None:
    site = tmp_path / "home"
    site.mkdir()
    for name in PARTS:
        part = HOME / name
        (shutil.copytree if part.is_dir() else shutil.copy)(part, site / name)
    done = isrgen("check", "--leaks", "--json", "--site", site)
    found = json.loads(done.stdout)
    assert (found["problems"], found["warnings"], done.returncode) == ([], [], 0)
    assert found["leaks"]["routes"] >= 8
    assert found["links"] > 500
