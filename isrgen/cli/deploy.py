"""``isrgen deploy``: a platform's files, listed, written, or uploaded."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Final

import click

from isrgen import config, targets
from isrgen.cli import building, console, emitting
from isrgen.cli.options import debug_option, no_build_option, out_option, output_folder, site_option
from isrgen.config import Config
from isrgen.errors import IsrgenError
from isrgen.targets.target import Credentials, Target

TOKENS: Final = {"vercel": "VERCEL_TOKEN"}
"""Target -> the environment variable that holds its credentials."""


@click.command
@click.option("--target", "name", required=True, metavar="NAME", help="The platform, such as vercel.")
@click.option("--dry-run", is_flag=True, help="List what would be written, and write nothing.")
@click.option("--prod", is_flag=True, help="Upload to production instead of a preview.")
@no_build_option
@site_option
@out_option
@debug_option
def command(name: str, dry_run: bool, prod: bool, no_build: bool, site: Path, out: Path) -> None:
    """Build, and write the platform's files.

    With the platform's credentials in the environment (VERCEL_TOKEN) they are
    uploaded as well; without, the next command is printed.
    """
    try:
        target = targets.load(name)
    except IsrgenError as error:
        raise click.BadParameter(str(error), param_hint="'--target'") from error
    loaded = config.load(site.resolve())
    folder = output_folder(site, out)
    if dry_run:
        _list(target, loaded, folder, no_build)
        return
    if not no_build:
        for line in building.run(loaded, folder).lines():
            console.say(line)
    _deploy(target, loaded, folder, prod)


def _list(target: Target, loaded: Config, folder: Path, no_build: bool) -> None:
    """Every file with its size, from a build that leaves no trace but the cache of rendered Markdown."""
    with tempfile.TemporaryDirectory() as scratch:
        if not no_build:
            folder = Path(scratch) / "dist"
            building.run(loaded, folder)
        bundle = emitting.emit(target, loaded, folder)
        rows = [(console.size(size), path) for path, size in bundle.listing()]
        console.table(("SIZE", target.folder), rows)
        files = console.count(len(bundle), "file")
        console.say(f"{files}, {console.size(bundle.size)}; nothing was written.")
        _show_notes(bundle.notes)


def _deploy(target: Target, loaded: Config, folder: Path, prod: bool) -> None:
    bundle = emitting.vendor(target, loaded, folder, emitting.emit(target, loaded, folder))
    place = loaded.root / target.folder
    bundle.write(place)
    console.say(emitting.written(bundle, target))
    _show_notes(bundle.notes)
    options = loaded.targets.get(target.name, {})
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
