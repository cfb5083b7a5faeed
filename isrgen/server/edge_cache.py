"""``EdgeCache(app)``: the edge cache around any ASGI application.

HTTP goes through the gateway; everything else reaches the application as it
is. The cache starts after the application's lifespan does, and ends before
it, so that a refresh never finds the application half gone.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

from isrgen.edge.counters import Counters
from isrgen.edge.http_cache import HttpCache
from isrgen.edge.open import open_store
from isrgen.edge.origin import Origin
from isrgen.edge.origins.asgi import VISIT, App, AsgiOrigin
from isrgen.edge.store import Store
from isrgen.server.access import AccessLog
from isrgen.server.admin import Admin, Surroundings
from isrgen.server.gateway import BODY_PAUSE, Gateway, own_name
from isrgen.server.ledger import Ledger
from isrgen.server.message import Incoming
from isrgen.server.proxies import Proxies

DEADLINE: Final = 60.0
"""Seconds that the origin may take for a response that others wait for."""

MOST_KEPT: Final = 10_000_000
"""Bytes of the largest body that is kept; a larger one is streamed."""


class EdgeCache:
    """An ASGI application that answers from its store, and asks ``app`` for the rest.

    ``store`` is a store or the URL of one; ``token`` opens the admin endpoints;
    only ``trusted_proxies`` (addresses, networks) may say X-Forwarded-*.
    """

    def __init__(
        self,
        app: App,
        *,
        store: str | Store = "memory:",
        token: str = "",
        trusted_proxies: Iterable[str] = (),
        deadline: float = DEADLINE,
        max_body: int = MOST_KEPT,
        body_pause: float = BODY_PAUSE,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._app = app
        self._origin = AsgiOrigin(app)
        opened = open_store(store, root=Path.cwd(), shared=False) if isinstance(store, str) else store
        self._gateway = gateway(
            self._origin,
            opened,
            token=token,
            via=own_name(),
            trusted_proxies=trusted_proxies,
            deadline=deadline,
            max_body=max_body,
            body_pause=body_pause,
            clock=clock,
        )
        self._starting = asyncio.Lock()
        self._started = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """ASGI."""
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
        elif scope["type"] == "http":
            if not self._started:
                await self._start()
            VISIT.set({name: scope[name] for name in ("root_path", "state") if name in scope})
            self._origin.base["root_path"] = scope.get("root_path", "")
            await self._gateway(scope, receive, _undated(send))
        else:
            await self._app(scope, receive, send)

    async def _start(self) -> None:
        async with self._starting:
            if not self._started:
                await self._gateway.cache.start()
                self._started = True

    async def _lifespan(self, scope: Any, receive: Any, send: Any) -> None:
        """The application's own; where it has none, it is answered in its place."""
        said: list[str] = []
        heard: list[Any] = []

        async def hear() -> Any:
            message = await receive()
            heard.append(message)
            if message["type"] == "lifespan.shutdown":
                await self._gateway.cache.close()
            return message

        async def say(message: Any) -> None:
            if message["type"] == "lifespan.startup.complete":
                # What servers put into a request is a copy of this, and what others added for its visitor.
                self._origin.base["state"] = scope.get("state", {})
                await self._start()
            said.append(message["type"])
            await send(message)

        try:
            await self._app(scope, hear, say)
        except Exception:
            if said:
                raise
        if said:
            return
        while True:
            message = heard.pop(0) if heard else await hear()
            heard.clear()
            await say({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return


def _undated(send: Any) -> Any:
    """Without ``Date``: the server that runs us writes one of its own, and two would be one too many."""

    async def pass_on(message: Any) -> None:
        if message["type"] == "http.response.start":
            headers = [pair for pair in message["headers"] if pair[0] != b"date"]
            message = {**message, "headers": headers}
        await send(message)

    return pass_on


def gateway(
    origin: Origin,
    store: Store,
    *,
    token: str,
    via: str,
    trusted_proxies: Iterable[str] = (),
    deadline: float = DEADLINE,
    max_body: int = MOST_KEPT,
    body_pause: float = BODY_PAUSE,
    clock: Callable[[], float] = time.time,
    counters: Counters | None = None,
    access: AccessLog | None = None,
) -> Gateway:
    """The cache in front of ``origin``, and its admin endpoints."""
    counted = counters or Counters()
    cache = HttpCache(store, origin, clock=clock, counters=counted, deadline=deadline, max_body=max_body)
    around = Surroundings(key_of=_key_of, purge=cache.purge)
    admin = Admin(token, "", cache.edge, clock=clock, counters=counted, around=around)
    proxies = Proxies(trusted_proxies)
    return Gateway(cache, admin, via, proxies, Ledger(counted, access, proxies), body_pause)


def _key_of(incoming: Incoming, path: str) -> str | None:
    """A whole URL, or a path of the host that is asked."""
    if path.startswith("/"):
        return f"{incoming.scheme}://{incoming.get('host')}{path}"
    return path if path.startswith(("http://", "https://")) else None
