"""A platform's files: listed for a dry run, or written and, with credentials, uploaded."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Final

from isrgen.cli import building, console, emitting, table
from isrgen.config import Config
from isrgen.targets.bundle import Bundle, Copy, Entry
from isrgen.targets.target import Credentials, Target

TOKENS: Final = {"vercel": "VERCEL_TOKEN"}
"""Target -> the environment variable that holds its credentials."""


def show(target: Target, config: Config, folder: Path, no_build: bool) -> None:
    """Every file with its size, from a build that leaves no trace but the cache of rendered Markdown."""
    with tempfile.TemporaryDirectory() as scratch:
        if not no_build:
            folder = Path(scratch) / "dist"
            building.run(config, folder)
        bundle = emitting.emit(target, config, folder)
        table.show(("SIZE", target.folder), listing(bundle, folder / "server"), keep=2)
        files = console.count(len(bundle), "file")
        console.say(f"{files}, {console.size(bundle.size)}; nothing was written.")
        _show_notes(bundle.notes)
        if any(_runtime(path, bundle[path], folder / "server") for path in bundle):
            _show_notes(("A real run also fetches and adds the Python packages of the function.",))


def listing(bundle: Bundle, server: Path) -> list[tuple[str, str]]:
    """(size, path) of the site's files, and one row for all of isrgen's own runtime."""
    rows = []
    runtime: dict[str, list[int]] = {}
    for path, (shown, size) in zip(bundle, bundle.listing(), strict=True):
        if (home := _runtime(path, bundle[path], server / "isrgen")) is not None:
            runtime.setdefault(home, []).append(size)
        else:
            rows.append((path, console.size(size), shown))
    for home, sizes in runtime.items():
        files = console.count(len(sizes), "file")
        rows.append((home, console.size(sum(sizes)), f"{home} ({files}: isrgen's own runtime)"))
    return [(size, shown) for _, size, shown in sorted(rows)]


def _runtime(path: str, entry: Entry, folder: Path) -> str | None:
    """Where the bundle has what the build has in ``folder``, if the file at ``path`` is from there."""
    if not isinstance(entry, Copy) or not entry.source.is_relative_to(folder):
        return None
    return path.removesuffix(entry.source.relative_to(folder).as_posix())


def deploy(target: Target, config: Config, folder: Path, prod: bool) -> None:
    """Write the files and upload them, or say what does."""
    bundle = emitting.vendor(target, config, folder, emitting.emit(target, config, folder))
    place = config.root / target.folder
    bundle.write(place)
    console.say(emitting.written(bundle, target))
    _show_notes(bundle.notes)
    options = config.targets.get(target.name, {})
    token = os.environ.get(TOKENS.get(target.name, ""), "")
    if not token:
        console.say("Next:")
        console.say(f"  {target.next_command(options, prod=prod)}")
        return
    credentials = Credentials(token, environment=dict(os.environ))
    address = target.upload(place, options, credentials, prod=prod, report=console.note)
    console.say(f"Deployed: {address}")


def _show_notes(notes: tuple[str, ...]) -> None:
    for note in notes:
        console.note(f"note: {note}")
