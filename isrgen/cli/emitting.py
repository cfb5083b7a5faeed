"""From a build to the files of a platform, for ``build`` and ``deploy`` alike."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from isrgen import targets
from isrgen.cli import console
from isrgen.config import Config
from isrgen.errors import IsrgenError, Problem
from isrgen.manifest import Manifest
from isrgen.targets.bundle import Bundle
from isrgen.targets.target import Target

NAMES: Final = ("vercel", "cloudfront", "fastly", "cloudflare", "varnish", "nginx", "static")
"""The platforms that a configuration may name, also where this release writes no files for them."""


def read_manifest(folder: Path) -> Manifest:
    """The manifest of the build in ``folder``."""
    try:
        return Manifest.from_json((folder / "manifest.json").read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise IsrgenError(
            f"There is no build in {folder.name}/: its manifest.json is not there.",
            "Leave out --no-build, or run `isrgen build` first.",
        ) from error


def configured(config: Config, warn: console.Warn) -> list[Target]:
    """The targets under ``[targets]``; warns of those that this release has no files for."""
    there = targets.names()
    unknown = [name for name in config.targets if name not in NAMES]
    if unknown:
        raise IsrgenError(
            Problem(
                f"There is no deploy target called {name!r}.",
                f"Choose one of: {', '.join(sorted(NAMES))}.",
                config.file,
            )
            for name in unknown
        )
    warn(
        [
            Problem(f"No files are written for {name}.", f"There are: {', '.join(there)}.", config.file)
            for name in config.targets
            if name not in there
        ]
    )
    return [targets.load(name) for name in config.targets if name in there]


def emit(target: Target, config: Config, folder: Path) -> Bundle:
    """The files that need nothing but the build in ``folder``."""
    secret = os.environ.get("ISRGEN_TOKEN", "")
    return target.emit(read_manifest(folder), folder, _options(target, config), secret=secret)


def vendor(target: Target, config: Config, folder: Path, bundle: Bundle) -> Bundle:
    """``bundle`` with the packages that its server runs with; they are fetched once and kept."""
    cache = config.root / ".isrgen" / "wheels"
    return target.vendor(read_manifest(folder), bundle, _options(target, config), cache)


def write(target: Target, config: Config, folder: Path, warn: console.Warn) -> str:
    """What ``build`` leaves for a target, complete where the packages can be had; a line that says so."""
    bundle = emit(target, config, folder)
    try:
        bundle = vendor(target, config, folder, bundle)
    except IsrgenError as error:
        warn(error.problems)
        warn([Problem(f"The files for {target.name} are not complete.", "Run `isrgen deploy`.")])
    bundle.write(config.root / target.folder)
    return written(bundle, target)


def written(bundle: Bundle, target: Target) -> str:
    return f"Wrote {console.count(len(bundle), 'file')} ({console.size(bundle.size)}) to {target.folder}."


def _options(target: Target, config: Config) -> dict[str, object]:
    return config.targets.get(target.name, {})
