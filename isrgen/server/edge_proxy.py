"""What ``isrgen edge`` serves: the gateway, between the server's start and its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from isrgen.server.access import AccessLog
from isrgen.server.gateway import Gateway


@dataclass(frozen=True, slots=True)
class EdgeProxy:
    """An ASGI application with a lifespan of its own; it speaks nothing but HTTP."""

    gateway: Gateway
    access: AccessLog | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """ASGI."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self.gateway(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1000})

    async def _lifespan(self, receive: Any, send: Any) -> None:
        await receive()
        await self.gateway.cache.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.gateway.cache.close()
        if self.access is not None:
            self.access.close()
        await send({"type": "lifespan.shutdown.complete"})
