"""``isrgen dev``: build on every change, show it in the browser."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from isrgen.cli import console
from isrgen.cli.options import debug_option, host_option, port_option, site_option

if TYPE_CHECKING:
    from isrgen.dev.rebuild import Built


@click.command
@host_option
@port_option
@site_option
@debug_option
def command(host: str, port: int, site: Path) -> int:
    """Serve the site, drafts included; build it again and reload the browser on every change.

    Pages are cached as in production, in memory, by a clock that can be moved:
    /_isrgen/dev/clock. Nothing is written outside .isrgen/.
    """
    from isrgen.cli import listen, logs
    from isrgen.cli.dev_worker import DevWorker
    from isrgen.dev.clock import Clock
    from isrgen.dev.rebuild import Rebuilder
    from isrgen.dev.watch import Watcher

    root = site.resolve()
    folder = root / ".isrgen" / "dev"
    reservation = listen.Reservation(host, port)
    logs.configure()
    clock = Clock(folder / "clock")
    clock.reset()
    reloads: list[Callable[[], None]] = []

    def done(built: Built) -> None:
        _show(built)
        if not built.problems:
            for reload in reloads:
                reload()

    rebuilder = Rebuilder(
        root, folder / "dist", folder / "state.json", done, now=lambda: Clock(folder / "clock")()
    )
    watcher = Watcher(root, rebuilder.ask)

    def attach(reload: Callable[[], None]) -> None:
        reloads.append(reload)
        rebuilder.start()

    watcher.start()
    _show(rebuilder.build())
    rebuilder.settle()
    try:
        return listen.run(
            reservation,
            DevWorker(root, folder, os.environ.get("ISRGEN_TOKEN", "")),
            workers=1,
            ready=lambda url: console.say(announcement(url)),
            patience=1,
            attach=attach,
        )
    finally:
        watcher.close()
        rebuilder.close()


def announcement(url: str) -> str:
    """Two lines, so that no terminal folds an address.

    >>> print(announcement("http://127.0.0.1:8000/"))
    Developing http://127.0.0.1:8000/ (Ctrl-C to stop)
      clock: http://127.0.0.1:8000/_isrgen/dev/clock
    """
    return f"Developing {url} (Ctrl-C to stop)\n  clock: {url}_isrgen/dev/clock"


def _show(built: Built) -> None:
    console.warnings(built.warnings)
    if built.problems:
        console.problems(built.problems)
    else:
        files = console.count(built.made, "file")
        console.say(f"Made {files}, reused {built.reused}, in {built.seconds:.2f} s.")
