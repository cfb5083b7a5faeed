"""Whole bundles: ``tests/golden/TARGET/CASE`` holds a manifest, options, and the files that come of them.

``ISRGEN_UPDATE_GOLDEN=1 pytest tests/unit/targets/test_golden.py`` writes them
anew; read the difference before it is committed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from isrgen import targets
from isrgen.manifest import Manifest
from isrgen.targets.bundle import Bundle

GOLDEN = Path(__file__).parents[2] / "golden"
CASES = sorted(path.parent for path in GOLDEN.glob("*/*/manifest.json"))
UPDATE = os.environ.get("ISRGEN_UPDATE_GOLDEN") == "1"


def _shown(bundle: Bundle) -> dict[str, str]:
    """Every path and link, and the text of each file that the target wrote itself."""
    paths = [shown for shown, _ in bundle.listing()]
    found = {"files.txt": "\n".join(paths) + "\n"}
    for path in bundle:
        if path.endswith(".json") and not path.endswith("/manifest.json"):
            found[path.replace("/.", "/_")] = bundle.read(path).decode()
    return found


def test_there_are_cases() -> None:
    assert CASES


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.name}")
def test_a_manifest_gives_exactly_these_files(case: Path, make_dist: Callable[[Manifest], Path]) -> None:
    manifest = Manifest.from_json((case / "manifest.json").read_text("utf-8"))
    options = json.loads((case / "options.json").read_text("utf-8"))
    bundle = targets.load(case.parent.name).emit(manifest, make_dist(manifest), options)
    made = _shown(bundle)
    expected = case / "expected"
    if UPDATE:
        for name, text in made.items():
            (expected / name).parent.mkdir(parents=True, exist_ok=True)
            (expected / name).write_text(text, "utf-8")
    there = {
        path.relative_to(expected).as_posix(): path.read_text("utf-8")
        for path in expected.rglob("*")
        if path.is_file()
    }
    assert made == there
