"""What an ASGI response came to, seen in the messages that make it up."""

from __future__ import annotations

from typing import Any


class Tally:
    """Pass messages on to ``send``; ``status`` is 0 until a response has begun."""

    __slots__ = ("_send", "cache_status", "size", "status")

    def __init__(self, send: Any) -> None:
        self._send = send
        self.status = 0
        self.size = 0
        self.cache_status = ""

    async def __call__(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            said = (value for name, value in message["headers"] if name == b"cache-status")
            self.cache_status = next(said, b"").decode("latin-1")
        else:
            self.size += len(message.get("body", b""))
        await self._send(message)
