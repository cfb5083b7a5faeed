"""One build as the person at the terminal sees it: what was made, what was reused, how long."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from isrgen.build import BuildResult, build
from isrgen.cli import console, logs
from isrgen.config import Config
from isrgen.errors import IsrgenError, Problem


@dataclass(frozen=True, slots=True)
class Flags:
    """What the options of ``isrgen build`` say to the build itself."""

    drafts: bool = False
    future: bool = False
    jobs: int | None = None
    clean: bool = False
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """A build that worked, and the seconds it took."""

    result: BuildResult
    seconds: float
    folder: Path
    root: Path

    @property
    def place(self) -> str:
        """The output folder as people say it: relative to the site where it lies in it."""
        if self.folder.is_relative_to(self.root):
            return self.folder.relative_to(self.root).as_posix()
        return str(self.folder)

    def lines(self) -> list[str]:
        files = console.count(self.result.made, "file")
        lines = [f"Made {files} in {self.place}, reused {self.result.reused}, in {self.seconds:.2f} s."]
        if self.result.next_build is not None:
            lines.append(f"Its static pages next need building at {self.result.next_build.isoformat()}.")
        return lines

    def as_data(self, warnings: Sequence[Problem]) -> dict[str, Any]:
        due = self.result.next_build
        return {
            "out": str(self.folder),
            "made": self.result.made,
            "reused": self.result.reused,
            "seconds": round(self.seconds, 3),
            "warnings": [console.as_data(problem) for problem in warnings],
            "next_build": due.isoformat() if due else None,
        }


def run(
    config: Config,
    folder: Path,
    flags: Flags = Flags(),
    known: Iterable[Problem] = (),
    warn: console.Warn = console.warnings,
) -> Done:
    """Build into ``folder``; ``known`` problems are told with those of the build."""
    started = time.monotonic()
    with logs.collected() as logged:
        try:
            result = _build(config, folder, flags, known)
        except IsrgenError:
            warn(logged)
            raise
    warn(sorted([*result.warnings, *logged], key=Problem.sort_key))
    return Done(result, time.monotonic() - started, folder, config.root)


def _build(config: Config, folder: Path, flags: Flags, known: Iterable[Problem]) -> BuildResult:
    with console.progress() as step:
        return build(
            config,
            out=folder,
            drafts=flags.drafts,
            future=flags.future,
            jobs=flags.jobs,
            clean=flags.clean,
            strict=flags.strict,
            now=datetime.now(UTC),
            known=known,
            report=lambda event: step(event.step),
        )
