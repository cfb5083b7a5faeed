"""The endpoints below ``/_isrgen/``: ``health`` for everyone, the rest with the token."""

from __future__ import annotations

import hmac
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from isrgen.edge.driver import Edge
from isrgen.http.context import Purge
from isrgen.server.limits import MOST_BODY
from isrgen.server.message import Incoming, Outgoing, TooLargeError, error_response

PREFIX: Final = "_isrgen"

_MOST_PURGES: Final = 1000


class Admin:
    """Answers ``/_isrgen/*``; only ``health`` without a token. ``edge`` is None where it is off."""

    def __init__(self, token: str, build: str, edge: Edge | None) -> None:
        self._token = token.encode()
        self._build = build
        self._edge = edge
        self._endpoints: dict[str, tuple[str, Callable[[Incoming], Awaitable[Outgoing]]]] = {
            "revalidate": ("POST", self._revalidate),
            "metrics": ("GET", self._metrics),
        }

    async def answer(self, incoming: Incoming, segments: Sequence[str]) -> Outgoing:
        """The answer for a path whose first segment is ``_isrgen``."""
        name = "/".join(segments[1:])
        if name == "health":
            return self._health(incoming)
        if name not in self._endpoints or not self._token:
            return error_response(404)
        if not self._may(incoming):
            return _json(401, {"error": "unauthorized"}, ("WWW-Authenticate", 'Bearer realm="isrgen"'))
        method, endpoint = self._endpoints[name]
        if incoming.method != method and not (method == "GET" and incoming.method == "HEAD"):
            return error_response(405, ("Allow", method if method == "POST" else "GET, HEAD"))
        return await endpoint(incoming)

    def _may(self, incoming: Incoming) -> bool:
        scheme, _, said = (incoming.get("authorization") or "").partition(" ")
        given = said.strip().encode("utf-8", "surrogateescape")
        return scheme.lower() == "bearer" and hmac.compare_digest(given, self._token)

    def _health(self, incoming: Incoming) -> Outgoing:
        if incoming.method not in ("GET", "HEAD"):
            return error_response(405, ("Allow", "GET, HEAD"))
        return _json(200, {"status": "ok", "build": self._build})

    async def _revalidate(self, incoming: Incoming) -> Outgoing:
        try:
            purges = _purges(json.loads(await incoming.read_body(MOST_BODY)))
        except TooLargeError:
            return error_response(413)
        except (ValueError, RecursionError) as error:
            return _json(400, {"error": str(error)})
        if self._edge is not None:
            await self._edge.purge(purges)
        return _json(200, {"revalidated": len(purges)})

    async def _metrics(self, incoming: Incoming) -> Outgoing:
        if self._edge is None:
            return _json(200, {"build": self._build, "edge": None})
        usage = await self._edge.store.usage()
        counts = dict(sorted(self._edge.counts.items()))
        return _json(
            200, {"build": self._build, "edge": {**counts, "entries": usage.entries, "bytes": usage.bytes}}
        )


def _purges(asked: Any) -> list[Purge]:
    """``{"paths": [...], "tags": [...], "hard": bool}``; raises ValueError for anything else."""
    if not isinstance(asked, dict) or not set(asked) <= {"paths", "tags", "hard"}:
        raise ValueError('send {"paths": [...], "tags": [...], "hard": false}')
    hard = asked.get("hard", False)
    paths, tags = _texts(asked, "paths"), _texts(asked, "tags")
    if not isinstance(hard, bool):
        raise ValueError("hard is true or false")
    if not all(path.startswith("/") for path in paths):
        raise ValueError("a path begins with a slash")
    if len(paths) + len(tags) > _MOST_PURGES:
        raise ValueError(f"at most {_MOST_PURGES} paths and tags at once")
    found = [Purge(path=path, hard=hard) for path in paths]
    return found + [Purge(tag=tag, hard=hard) for tag in tags]


def _texts(asked: dict[str, Any], name: str) -> list[str]:
    values = asked.get(name, [])
    if not isinstance(values, list) or not all(isinstance(value, str) and value for value in values):
        raise ValueError(f"{name} is a list of strings")
    return values


def _json(status: int, value: dict[str, Any], *headers: tuple[str, str]) -> Outgoing:
    body = json.dumps(value, separators=(",", ":")).encode() + b"\n"
    pairs = [("Content-Type", "application/json"), ("Cache-Control", "private, no-store"), *headers]
    return Outgoing(status, pairs, body)
