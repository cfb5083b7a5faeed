"""``isrgen serve``: the production server."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import click

from isrgen.caching.fields import DIALECTS
from isrgen.cli import console
from isrgen.cli.options import (
    access_log_option,
    debug_option,
    host_option,
    no_build_option,
    out_option,
    output_folder,
    port_option,
    site_option,
)

CDNS: Final = tuple(name for name in DIALECTS if name is not None)


@click.command
@host_option
@port_option
@click.option(
    "--workers", type=click.IntRange(min=1), default=1, metavar="N", show_default=True, help="Processes."
)
@click.option(
    "--store",
    envvar="ISRGEN_STORE",
    metavar="URL",
    help="memory: (default with one worker), disk:PATH (default with several: disk:.isrgen/edge), or "
    "redis://HOST:PORT/DB.",
)
@click.option(
    "--behind",
    type=click.Choice(CDNS),
    envvar="ISRGEN_BEHIND",
    help="The CDN in front: its headers are sent, and our own edge is off.",
)
@click.option("--edge/--no-edge", default=None, help="Our own edge cache (default: on, unless --behind).")
@access_log_option
@no_build_option
@site_option
@out_option
@debug_option
def command(
    host: str,
    port: int,
    workers: int,
    store: str | None,
    behind: str | None,
    edge: bool | None,
    access_log: str,
    no_build: bool,
    site: Path,
    out: Path,
) -> int:
    """Build what is needed, then serve static files, the edge cache and on-demand routes.

    ISRGEN_STORE and ISRGEN_BEHIND stand for --store and --behind; ISRGEN_TOKEN
    opens the admin endpoints below /_isrgen/, and with ISRGEN_DRAFT_SECRET
    draft mode.
    """
    from isrgen.cli import counting, listen, logs
    from isrgen.cli.worker import Worker

    root = site.resolve()
    folder = output_folder(site, out)
    with_edge = behind is None if edge is None else edge
    url = _store_url(store, root, workers) if with_edge else None
    reservation = listen.Reservation(host, port)
    logs.configure()
    _prepare(root, folder, no_build)
    processes = console.count(workers, "worker")
    with counting.counts_file() as counts:
        worker = Worker(
            root=folder / "server",
            site=root,
            store=url,
            shared=workers > 1,
            behind=behind,
            token=os.environ.get("ISRGEN_TOKEN", ""),
            draft_secret=os.environ.get("ISRGEN_DRAFT_SECRET", ""),
            counts=counts,
            access=access_log,
        )
        return listen.run(
            reservation,
            worker,
            workers=workers,
            ready=lambda address: console.say(f"Serving {address} ({processes}; Ctrl-C to stop)"),
        )


def _prepare(root: Path, folder: Path, no_build: bool) -> None:
    """Build; or see that there is a build, so that a damaged one is told once and not by every worker."""
    from isrgen import config
    from isrgen.cli import building, emitting

    if no_build:
        emitting.read_manifest(folder)
        return
    for line in building.run(config.load(root), folder).lines():
        console.say(line)


def _store_url(store: str | None, root: Path, workers: int) -> str:
    """The store's URL, tried here so that a wrong one is told before anything is built."""
    from isrgen.cli.stores import ON_DISK, tried

    return tried(store or ("memory:" if workers == 1 else ON_DISK), root, shared=workers > 1)
