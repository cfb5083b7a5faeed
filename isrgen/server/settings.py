"""How one server runs; everything about the site itself is in the manifest."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from isrgen.caching.fields import DIALECTS
from isrgen.edge.counters import Counters
from isrgen.edge.open import open_store
from isrgen.edge.store import Store
from isrgen.errors import IsrgenError
from isrgen.server.access import AccessLog


@dataclass(frozen=True, slots=True)
class Settings:
    """``store`` is needed where the ``edge`` is on; ``behind`` names the CDN in front.

    ``data_roots`` is where ``data_path`` looks before ``files/``. ``debug``
    shows the visitor what went wrong; only ``isrgen dev`` sets it. A request's
    body has to arrive within ``body_within`` seconds. Draft mode needs both
    ``token`` and ``draft_secret``. ``counters`` are this process's, ``access``
    its open access log; whoever opened them closes them.
    """

    store: Store | None = None
    behind: str | None = None
    edge: bool = True
    token: str = ""
    draft_secret: str = ""
    clock: Callable[[], float] = time.time
    debug: bool = False
    data_roots: tuple[Path, ...] = ()
    body_within: float = 60.0
    counters: Counters | None = None
    access: AccessLog | None = None


def settings_from(environ: Mapping[str, str], root: Path) -> Settings:
    """The settings of a deployed server, from ``ISRGEN_STORE _BEHIND _TOKEN _DRAFT_SECRET``.

    Behind a CDN our own edge is off. Raises IsrgenError for values that mean nothing.
    """
    behind = environ.get("ISRGEN_BEHIND") or None
    if behind is not None and behind not in DIALECTS:
        choices = ", ".join(name for name in DIALECTS if name)
        raise IsrgenError(f"ISRGEN_BEHIND is {behind!r}.", f"Choose one of: {choices}.")
    token, draft_secret = environ.get("ISRGEN_TOKEN", ""), environ.get("ISRGEN_DRAFT_SECRET", "")
    if behind is not None:
        return Settings(behind=behind, edge=False, token=token, draft_secret=draft_secret)
    store = open_store(environ.get("ISRGEN_STORE") or "memory:", root=root, shared=False)
    return Settings(store=store, token=token, draft_secret=draft_secret)
