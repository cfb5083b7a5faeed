"""The endpoints below ``/_isrgen/``: ``health`` for everyone, the rest with the token."""

from __future__ import annotations

import hmac
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from isrgen.caching.fields import PRIVATE
from isrgen.edge.driver import Edge
from isrgen.edge.store import PurgeError
from isrgen.http.context import Purge
from isrgen.server.limits import MOST_BODY
from isrgen.server.message import Incoming, Outgoing, TooLargeError, error_response

PREFIX: Final = "_isrgen"

_MOST_PURGES: Final = 1000

_EXAMPLE: Final = {"paths": ["/blog/tea/"], "tags": ["blog"], "hard": False}


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
            return _json(401, {"error": "unauthorized"}, ("www-authenticate", 'Bearer realm="isrgen"'))
        method, endpoint = self._endpoints[name]
        if incoming.method != method and not (method == "GET" and incoming.method == "HEAD"):
            return error_response(405, ("allow", method if method == "POST" else "GET, HEAD"))
        return await endpoint(incoming)

    def _may(self, incoming: Incoming) -> bool:
        scheme, _, said = (incoming.get("authorization") or "").partition(" ")
        given = said.strip().encode("utf-8", "surrogateescape")
        return scheme.lower() == "bearer" and hmac.compare_digest(given, self._token)

    def _health(self, incoming: Incoming) -> Outgoing:
        if incoming.method not in ("GET", "HEAD"):
            return error_response(405, ("allow", "GET, HEAD"))
        return _json(200, {"status": "ok", "build": self._build})

    async def _revalidate(self, incoming: Incoming) -> Outgoing:
        try:
            purges = _purges(_read(await incoming.read_body(MOST_BODY)))
        except TooLargeError:
            return error_response(413)
        except ValueError as error:
            return _json(400, {"error": str(error), "example": _EXAMPLE})
        if self._edge is None:
            return _json(501, {"error": "the edge is off: there is no cache here to purge"})
        try:
            await self._edge.purge(purges)
        except PurgeError as error:
            return _json(503, {"error": str(error)})
        return _json(200, {"revalidated": len(purges)})

    async def _metrics(self, incoming: Incoming) -> Outgoing:
        if self._edge is None:
            return _json(200, {"build": self._build, "edge": None})
        usage = await self._edge.store.usage()
        counts = dict(sorted(self._edge.counts.items()))
        return _json(
            200, {"build": self._build, "edge": {**counts, "entries": usage.entries, "bytes": usage.bytes}}
        )


def _read(body: bytes) -> Any:
    if not body.strip():
        raise ValueError("The body is empty.")
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ValueError("The body is not JSON.") from error


def _purges(asked: Any) -> list[Purge]:
    """What an order like ``_EXAMPLE`` asks for; raises ValueError for one that is none."""
    if not isinstance(asked, dict):
        raise ValueError("The body is not a JSON object.")
    unknown = [name for name in asked if name not in _EXAMPLE]
    if unknown:
        raise ValueError(f"`{unknown[0]}` means nothing here: send `paths`, `tags` and `hard`.")
    if "paths" not in asked and "tags" not in asked:
        raise ValueError("Neither `paths` nor `tags` says what to revalidate.")
    hard = asked.get("hard", False)
    paths, tags = _texts(asked, "paths"), _texts(asked, "tags")
    if not isinstance(hard, bool):
        raise ValueError("`hard` is true or false.")
    relative = [path for path in paths if not path.startswith("/")]
    if relative:
        raise ValueError(f"A path begins with a slash, unlike {relative[0]!r}.")
    if len(paths) + len(tags) > _MOST_PURGES:
        raise ValueError(f"At most {_MOST_PURGES} paths and tags are revalidated at once.")
    found = [Purge(path=path, hard=hard) for path in paths]
    return found + [Purge(tag=tag, hard=hard) for tag in tags]


def _texts(asked: dict[str, Any], name: str) -> list[str]:
    values = asked.get(name, [])
    if not isinstance(values, list) or not all(isinstance(value, str) and value for value in values):
        raise ValueError(f"`{name}` is a list of strings.")
    return values


def _json(status: int, value: dict[str, Any], *headers: tuple[str, str]) -> Outgoing:
    body = json.dumps(value, separators=(",", ":")).encode() + b"\n"
    pairs = [("content-type", "application/json"), ("cache-control", PRIVATE), *headers]
    return Outgoing(status, pairs, body)
