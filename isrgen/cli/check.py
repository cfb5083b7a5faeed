"""``isrgen check``: what is wrong with the built site that no single page shows."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isrgen.cli import console
from isrgen.cli.options import debug_option, json_option, site_option
from isrgen.errors import Problem

if TYPE_CHECKING:
    from isrgen.check.report import Report
    from isrgen.check.run import Wanted
    from isrgen.config import Config


@click.command
@click.option("--external", is_flag=True, help="Ask other sites for every page that is linked to.")
@click.option("--leaks", is_flag=True, help="Visit what is shared as several people, and compare.")
@click.option(
    "--path",
    "paths",
    multiple=True,
    metavar="PATH",
    help="An on-demand page that nothing links to. May be given many times.",
)
@click.option("--strict", is_flag=True, help="Take warnings and undefined names as errors.")
@json_option
@site_option
@debug_option
def command(
    external: bool, leaks: bool, paths: tuple[str, ...], strict: bool, as_json: bool, site: Path
) -> int:
    """Build the site aside, and check links, anchors, images and assets of every page.

    On-demand pages are rendered as an anonymous visitor sees them. The output
    folder is neither read nor written.
    """
    from urllib.request import getproxies

    from isrgen import config
    from isrgen.check.run import Wanted

    loaded, known = config.read(site.resolve())
    wanted = Wanted(leaks, external, paths, getproxies(), ignored=loaded.ignored_links)
    started = time.monotonic()
    warnings, report = _check(replace(loaded, strict=loaded.strict or strict), known, wanted)
    seconds = time.monotonic() - started
    if as_json:
        console.write_json(as_data(report, warnings, seconds))
    else:
        _show(report, warnings, seconds)
    return 1 if report.problems else 0


def _check(loaded: Config, known: tuple[Problem, ...], wanted: Wanted) -> tuple[list[Problem], Report]:
    """What the build warns of, and what the check finds."""
    import asyncio
    from tempfile import TemporaryDirectory

    from isrgen.check.run import check
    from isrgen.cli import building, logs

    warnings: list[Problem] = []
    own = loaded.root / ".isrgen"
    own.mkdir(exist_ok=True)
    with TemporaryDirectory(prefix="check.", dir=own, ignore_cleanup_errors=True) as folder:
        built = building.run(loaded, Path(folder) / "dist", building.Flags(), known, warnings.extend)
        # Whatever the server logs of a page meanwhile is in the report.
        with logs.collected(), console.progress() as step:
            report = asyncio.run(
                check(
                    built.result.manifest,
                    built.folder,
                    loaded.root,
                    wanted,
                    now=time.time(),
                    config=loaded.file,
                    report=step,
                )
            )
    return warnings, report


def as_data(report: Report, warnings: Sequence[Problem], seconds: float) -> dict[str, Any]:
    """The report for programs."""
    test = report.leaks
    return {
        "problems": _listed(report.problems),
        "warnings": _listed([*warnings, *report.warnings]),
        "unchecked": _listed(report.unchecked),
        "pages": report.pages,
        "links": report.links,
        "external": report.external,
        "leaks": test and {"routes": test.routes, "pages": test.pages, "visits": test.visits},
        "seconds": round(seconds, 3),
    }


def _listed(problems: Sequence[Problem]) -> list[dict[str, Any]]:
    return [console.as_data(problem) for problem in sorted(problems, key=Problem.sort_key)]


def _show(report: Report, warnings: Sequence[Problem], seconds: float) -> None:
    told = [*warnings, *report.warnings]
    console.warnings(told)
    if told and report.problems:
        console.note("")
    if report.problems:
        console.problems(report.problems)
    for line in lines(report, seconds):
        console.say(line)


def lines(report: Report, seconds: float) -> list[str]:
    """What was checked, and what was not."""
    pages, links = console.count(report.pages, "page"), console.count(report.links, "link")
    found = [f"Checked {pages} with {links} in {seconds:.2f} s."]
    if report.external:
        found.append(f"Asked other sites for {console.count(report.external, 'page')}.")
    if report.leaks is not None and not report.leaks.pages:
        found.append("Compared nothing: no page that is rendered on demand is known.")
    elif report.leaks is not None:
        test = report.leaks
        leaks = console.count(len(test.leaks), "leak") if test.leaks else "no leaks"
        shared = console.count(test.routes, "route")
        visits = console.count(test.visits, "visit")
        found.append(f"Compared {shared} in {visits} to {console.count(test.pages, 'page')}: {leaks}.")
    for one in sorted(report.unchecked, key=Problem.sort_key):
        head, _, hint = str(one).partition("\n")
        found += [f"Not compared: {head}", hint]
    return found
