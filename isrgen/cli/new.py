"""``isrgen new``: a site from one of the starters in the package."""

from __future__ import annotations

import shlex
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

import click

from isrgen.cli import console
from isrgen.cli.options import debug_option, site_option
from isrgen.errors import IsrgenError

STARTERS: Final = ("blog", "docs", "minimal")
IGNORED: Final = "dist/\n.isrgen/\n.vercel/\n__pycache__/\n"


@click.command
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--starter", type=click.Choice(STARTERS), default="blog", show_default=True, help="What to start from."
)
@site_option
@debug_option
def command(directory: Path, starter: str, site: Path) -> None:
    """Make a site that builds and serves as it is.

    DIR is relative to --site. It may be there already, as long as it is empty.
    """
    folder = site / directory
    _refuse_full(folder)
    folder.mkdir(parents=True, exist_ok=True)
    made = _copy(files("isrgen") / "starters" / starter, folder)
    ignored = folder / ".gitignore"
    if not ignored.exists():
        ignored.write_text(IGNORED, encoding="utf-8")
        made += 1
    console.say(f"Made {directory} from the starter {starter}: {console.count(made, 'file')}.")
    if folder.resolve() != Path.cwd():
        console.say(f"  cd {shlex.quote(str(folder))}")
    console.say("  isrgen dev")


def _refuse_full(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise IsrgenError(f"'{folder}' is a file.", "Name a folder that is empty, or not there yet.")
    if folder.is_dir() and any(folder.iterdir()):
        raise IsrgenError(
            f"The folder '{folder}' is not empty.", "Name a folder that is empty, or not there yet."
        )


def _copy(source: Traversable, folder: Path) -> int:
    """Copy a tree of package data, leaving out what an installer compiled."""
    made = 0
    for entry in sorted(source.iterdir(), key=lambda entry: entry.name):
        if entry.name == "__pycache__":
            continue
        target = folder / entry.name
        if entry.is_dir():
            target.mkdir(exist_ok=True)
            made += _copy(entry, target)
        else:
            target.write_bytes(entry.read_bytes())
            made += 1
    return made
