"""``isrgen deploy``."""

from __future__ import annotations

from pathlib import Path

import click

from isrgen.cli import console
from isrgen.cli.options import (
    blamed_on,
    debug_option,
    no_build_option,
    out_option,
    output_folder,
    site_option,
)


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
    from isrgen import config, targets
    from isrgen.cli import building, deploying

    with blamed_on("--target"):
        target = targets.load(name)
    loaded = config.load(site.resolve())
    folder = output_folder(site, out)
    if dry_run:
        deploying.show(target, loaded, folder, no_build)
        return
    if not no_build:
        for line in building.run(loaded, folder).lines():
            console.say(line)
    deploying.deploy(target, loaded, folder, prod)
