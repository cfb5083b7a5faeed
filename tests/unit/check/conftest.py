"""A site of a few files, built and checked in this process."""

from __future__ import annotations

import asyncio
import textwrap
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from isrgen import config
from isrgen.build import build
from isrgen.check.report import Report
from isrgen.check.run import Wanted, check

NOW = 1_780_000_000.0

Check = Callable[..., Report]


@pytest.fixture
def check_site(tmp_path: Path, make_site: Callable[[Mapping[str, str]], Path]) -> Check:
    """``check_site(files, leaks=True, ...)`` builds a site of these files and gives the ``Report``."""

    def go(files: Mapping[str, str], **wanted: object) -> Report:
        site = make_site({name: textwrap.dedent(text).lstrip("\n") for name, text in files.items()})
        return check_folder(site, tmp_path / "built", **wanted)

    return go


def check_folder(site: Path, out: Path, **wanted: object) -> Report:
    loaded = config.load(site)
    built = build(loaded, out=out, now=datetime.fromtimestamp(NOW, UTC), jobs=1)
    return asyncio.run(
        check(built.manifest, out, site, Wanted(**wanted), now=NOW, config=loaded.file)  # type: ignore[arg-type]
    )


def leak(report: Report) -> str:
    """The one leak that was found, as it is told."""
    assert len(report.problems) == 1, report.problems
    return str(report.problems[0])
