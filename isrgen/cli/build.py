"""``isrgen build``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from isrgen.cli import console
from isrgen.cli.options import debug_option, json_option, out_option, output_folder, site_option
from isrgen.errors import IsrgenError, Problem

if TYPE_CHECKING:
    from isrgen.cli.building import Flags
    from isrgen.config import Config


def _engine(ctx: click.Context, parameter: click.Parameter, name: str | None) -> str | None:
    """A name that is no engine is a mistake on the command line, not in the site."""
    from isrgen.render.markdown import engine_names

    if name is not None and name not in (names := sorted(engine_names())):
        raise click.BadParameter(f"{name!r} is not one of: {', '.join(names)}.")
    return name


@click.command
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="Render in N processes.")
@click.option("--clean", is_flag=True, help="Forget earlier builds and make everything anew.")
@click.option("--drafts", is_flag=True, help="Include pages that say draft: true.")
@click.option("--future", is_flag=True, help="Include pages whose date has not come yet.")
@click.option("--strict", is_flag=True, help="Take warnings and undefined names as errors.")
@click.option(
    "--engine",
    metavar="NAME",
    callback=_engine,
    help="The Markdown engine, instead of the configured one.",
)
@json_option
@site_option
@out_option
@debug_option
def command(
    jobs: int | None,
    clean: bool,
    drafts: bool,
    future: bool,
    strict: bool,
    engine: str | None,
    as_json: bool,
    site: Path,
    out: Path,
) -> None:
    """Render the static pages, and write the server, the manifest and the CDN's configuration.

    Only what changed since the last build is made again. A build that fails
    leaves the output folder as it was. The files of every platform under
    [targets] are written too.
    """
    from isrgen import config
    from isrgen.cli import building

    flags = building.Flags(drafts, future, jobs, clean, strict)
    loaded, known = config.read(site.resolve())
    if engine is not None:
        loaded = replace(loaded, markdown=replace(loaded.markdown, engine=engine))
    _build(loaded, known, output_folder(site, out), flags, as_json)


def _build(loaded: Config, known: tuple[Problem, ...], folder: Path, flags: Flags, as_json: bool) -> None:
    from isrgen.cli import building, emitting

    warnings: list[Problem] = []
    warn = warnings.extend if as_json else console.warnings
    try:
        chosen = emitting.configured(loaded, warn)
    except IsrgenError as error:
        chosen, known = [], (*known, *error.problems)
    done = building.run(loaded, folder, flags, known, warn)
    written = [emitting.write(target, loaded, folder, warn) for target in chosen]
    if as_json:
        console.write_json(done.as_data(warnings))
        return
    for line in [*done.lines(), *written]:
        console.say(line)
