"""``isrgen build``."""

from __future__ import annotations

from pathlib import Path

import click

from isrgen.cli import building, console
from isrgen.cli.options import debug_option, json_option, out_option, output_folder, site_option
from isrgen.errors import IsrgenError


@click.command
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="Render in N processes.")
@click.option("--clean", is_flag=True, help="Forget earlier builds and make everything anew.")
@click.option("--drafts", is_flag=True, help="Include pages that say draft: true.")
@click.option("--future", is_flag=True, help="Include pages whose date has not come yet.")
@click.option("--strict", is_flag=True, help="Take warnings and undefined names as errors.")
@click.option("--engine", metavar="NAME", help="The Markdown engine, instead of the configured one.")
@json_option
@site_option
@out_option
@debug_option
@click.pass_context
def command(
    ctx: click.Context,
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
    leaves the output folder as it was.
    """
    folder = output_folder(site, out)
    try:
        result, seconds = building.run(
            site,
            folder,
            drafts=drafts,
            future=future,
            jobs=jobs,
            clean=clean,
            strict=strict,
            engine=engine,
        )
    except IsrgenError as error:
        if as_json:
            console.write_json({"problems": [console.as_data(problem) for problem in error.problems]})
        raise
    if as_json:
        console.write_json(building.as_data(result, seconds, folder))
        return
    for line in building.summary(result, seconds, out):
        console.say(line)
