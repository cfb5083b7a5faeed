"""What one worker process of ``isrgen serve`` does: open the store, make the app, stop it in the end.

granian pickles ``Worker`` and calls it in every process it spawns.
"""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isrgen.errors import IsrgenError


@dataclass(frozen=True, slots=True)
class Worker:
    """How to serve ``root`` (``dist/server``): plain values, so that they can be pickled.

    ``store`` is None when the edge is off; ``site`` is what a relative
    ``disk:`` path starts from.
    """

    root: Path
    site: Path
    store: str | None
    shared: bool
    behind: str | None
    token: str

    def __call__(self) -> Served:
        from isrgen.cli import console, logs

        logs.configure()
        try:
            return Served(self._app())
        except IsrgenError as error:
            console.problems(error.problems)
            sys.exit(1)

    def _app(self) -> Any:
        from isrgen.edge.open import open_store
        from isrgen.server.app import Settings, create_app

        store = None if self.store is None else open_store(self.store, root=self.site, shared=self.shared)
        settings = Settings(
            store=store,
            behind=self.behind,
            edge=store is not None,
            token=self.token,
            data_roots=(self.site,),
        )
        return create_app(self.root, settings)


class Served:
    """An app between granian's start and stop hooks."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self.__rsgi__ = app.__rsgi__

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.run_until_complete(self._app.start())

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.run_until_complete(self._app.stop())
        sys.stdout.flush()
        sys.stderr.flush()
        # A loader that hangs in a thread of its own must not keep the worker from ending.
        os._exit(0)
