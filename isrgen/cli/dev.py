"""``isrgen dev``: build on every change, show it in the browser."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isrgen.cli import console, listen, logs
from isrgen.cli.options import debug_option, site_option
from isrgen.dev.clock import Clock
from isrgen.dev.rebuild import Built, Rebuilder
from isrgen.dev.state import State
from isrgen.dev.watch import Watcher
from isrgen.errors import IsrgenError

if TYPE_CHECKING:
    from isrgen.cli.worker import Served


@click.command
@click.option("--host", default="127.0.0.1", metavar="H", show_default=True, help="The address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes any free port."
)
@site_option
@debug_option
def command(host: str, port: int, site: Path) -> int:
    """Serve the site, drafts included; build it again and reload the browser on every change.

    Pages are cached as in production, in memory, by a clock that can be moved:
    /_isrgen/dev/clock. Nothing is written outside .isrgen/.
    """
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
            ready=lambda url: console.say(
                f"Developing {url} (clock: {url}_isrgen/dev/clock; Ctrl-C to stop)"
            ),
            patience=1,
            attach=attach,
        )
    finally:
        watcher.close()
        rebuilder.close()


def _show(built: Built) -> None:
    console.warnings(built.warnings)
    if built.problems:
        console.problems(built.problems)
    else:
        files = console.count(built.made, "file")
        console.say(f"Made {files}, reused {built.reused}, in {built.seconds:.2f} s.")


@dataclass(frozen=True, slots=True)
class DevWorker:
    """Makes the app in the worker process; pickled by granian, so it holds plain values."""

    root: Path
    folder: Path
    token: str

    def __call__(self) -> Served:
        from isrgen.cli.worker import Served
        from isrgen.dev.app import DevApp

        logs.configure()
        clock = Clock(self.folder / "clock")
        state = State.read(self.folder / "state.json")
        try:
            app = self._app(clock) if state.good else None
        except IsrgenError as error:
            console.problems(error.problems)
            sys.exit(1)
        return Served(
            DevApp(
                app,
                mine=state.good,
                root=self.root,
                clock=clock,
                read=lambda: State.read(self.folder / "state.json"),
            )
        )

    def _app(self, clock: Clock) -> Any:
        from isrgen.edge.open import open_store
        from isrgen.server.app import Settings, create_app

        store = open_store("memory:", root=self.root, shared=False)
        settings = Settings(store=store, token=self.token, clock=clock, debug=True, data_roots=(self.root,))
        return create_app(self.folder / "dist" / "server", settings)
