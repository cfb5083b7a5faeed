"""What one worker process of ``isrgen serve`` does: open the store, make the app, stop it in the end.

granian pickles ``Worker`` and calls it in every process it spawns.
"""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isrgen.errors import IsrgenError

if TYPE_CHECKING:
    from isrgen.server.access import AccessLog


@dataclass(frozen=True, slots=True)
class Worker:
    """How to serve ``root`` (``dist/server``): plain values, so that they can be pickled.

    ``store`` is None when the edge is off; ``site`` is what a relative
    ``disk:`` path starts from. ``counts`` is the file that all workers count
    in, ``access`` the access log, "" for none.
    """

    root: Path
    site: Path
    store: str | None
    shared: bool
    behind: str | None
    token: str
    draft_secret: str = field(default="", repr=False)
    counts: Path | None = None
    access: str = ""

    def __call__(self) -> Served:
        from isrgen.cli import console, logs
        from isrgen.server.access import AccessLog

        logs.configure()
        try:
            access = AccessLog(self.access) if self.access else None
            return Served(self._app(access), access)
        except IsrgenError as error:
            console.problems(error.problems)
            sys.exit(1)

    def _app(self, access: AccessLog | None) -> Any:
        from isrgen.edge.counters import Counters
        from isrgen.edge.open import open_store
        from isrgen.server.app import Settings, create_app

        store = None if self.store is None else open_store(self.store, root=self.site, shared=self.shared)
        settings = Settings(
            store=store,
            behind=self.behind,
            edge=store is not None,
            token=self.token,
            draft_secret=self.draft_secret,
            data_roots=(self.site,),
            counters=Counters(self.counts),
            access=access,
        )
        return create_app(self.root, settings)


class Served:
    """An app between granian's start and stop hooks."""

    def __init__(self, app: Any, access: AccessLog | None = None) -> None:
        self._app = app
        self._access = access
        self.__rsgi__ = app.__rsgi__

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.run_until_complete(self._app.start())

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.run_until_complete(self._app.stop())
        if self._access is not None:
            self._access.close()
        sys.stdout.flush()
        sys.stderr.flush()
        # A loader that hangs in a thread of its own must not keep the worker from ending.
        os._exit(0)
