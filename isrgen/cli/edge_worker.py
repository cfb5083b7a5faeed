"""What the worker process of ``isrgen edge`` does: open the store, and serve the cache before the origin.

granian pickles ``EdgeWorker`` and calls it in the process it spawns.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from isrgen.errors import IsrgenError


@dataclass(frozen=True, slots=True)
class EdgeWorker:
    """Plain values, so that they can be pickled.

    ``folder`` is what a relative ``disk:`` path starts from; ``access`` the access log, "" for none.
    """

    origin: str
    told_host: str
    folder: Path
    store: str
    token: str = field(repr=False)
    trusted_proxies: tuple[str, ...]
    via: str
    access: str

    def __call__(self) -> Any:
        from isrgen.cli import console, logs

        logs.configure()
        try:
            return self._app()
        except IsrgenError as error:
            console.problems(error.problems)
            sys.exit(1)

    def _app(self) -> Any:
        from isrgen.edge.open import open_store
        from isrgen.edge.origins.http import HttpOrigin
        from isrgen.server.access import AccessLog
        from isrgen.server.edge_cache import gateway
        from isrgen.server.edge_proxy import EdgeProxy

        origin = HttpOrigin(self.origin, via=self.via, told_host=self.told_host)
        store = open_store(self.store, root=self.folder, shared=False)
        access = AccessLog(self.access) if self.access else None
        served = gateway(
            origin,
            store,
            token=self.token,
            via=self.via,
            trusted_proxies=self.trusted_proxies,
            access=access,
        )
        return EdgeProxy(served, access)
