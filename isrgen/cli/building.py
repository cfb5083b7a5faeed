"""One build as the person at the terminal sees it: what was made, what was reused, how long."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from isrgen import build, config
from isrgen.cli import console


def run(
    site: Path,
    out: Path,
    *,
    drafts: bool = False,
    future: bool = False,
    jobs: int | None = None,
    clean: bool = False,
    strict: bool = False,
    engine: str | None = None,
) -> tuple[build.BuildResult, float]:
    """Build ``site`` into ``out``, show its warnings; the result and the seconds it took."""
    started = time.monotonic()
    loaded = config.load(site.resolve())
    if engine is not None:
        loaded = replace(loaded, markdown=replace(loaded.markdown, engine=engine))
    with console.progress() as step:
        result = build.build(
            loaded,
            out=out,
            drafts=drafts,
            future=future,
            jobs=jobs,
            clean=clean,
            strict=strict,
            now=datetime.now(UTC),
            report=lambda event: step(event.step),
        )
    console.warnings(result.warnings)
    return result, time.monotonic() - started


def summary(result: build.BuildResult, seconds: float, out: Path) -> list[str]:
    """What to print of a build that worked."""
    files = console.count(result.made, "file")
    pages = console.count(result.reused, "Markdown page")
    lines = [f"Made {files} in {out}, reused {pages}, in {seconds:.2f} s."]
    if result.next_build is not None:
        lines.append(f"The site next needs building at {result.next_build.isoformat()}.")
    return lines


def as_data(result: build.BuildResult, seconds: float, out: Path) -> dict[str, Any]:
    return {
        "out": str(out),
        "made": result.made,
        "reused": result.reused,
        "seconds": round(seconds, 3),
        "warnings": [console.as_data(problem) for problem in result.warnings],
        "next_build": result.next_build.isoformat() if result.next_build else None,
    }
