"""What one worker process of ``isrgen dev`` does: serve the last good build, or say what is wrong.

A module of its own: every change on disk starts a new worker, and the build
and the watcher of its parent would be imported each time.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isrgen.errors import IsrgenError

if TYPE_CHECKING:
    from isrgen.cli.worker import Served
    from isrgen.dev.clock import Clock


@dataclass(frozen=True, slots=True)
class DevWorker:
    """Makes the app in the worker process; pickled by granian, so it holds plain values."""

    root: Path
    folder: Path
    token: str

    def __call__(self) -> Served:
        from isrgen.cli import console, logs
        from isrgen.cli.worker import Served
        from isrgen.dev.app import DevApp
        from isrgen.dev.clock import Clock
        from isrgen.dev.state import State

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
