"""The endpoints below ``/_isrgen/``: ``health`` for everyone, the rest with the token.

They serve a site and the cache in front of any other application alike. What
comes of them is never cached, and neither their answers nor the log repeat a
token.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

from isrgen.caching.fields import PRIVATE
from isrgen.edge.counters import Counters
from isrgen.edge.driver import Edge
from isrgen.edge.store import PurgeError
from isrgen.http.context import Purge
from isrgen.server import admin_orders
from isrgen.server.admin_cache import MOST_LISTED, listing, removed, shown
from isrgen.server.admin_gate import Bucket, Gate, bearer
from isrgen.server.draft import DraftEndpoint, Drafts
from isrgen.server.message import Incoming, Outgoing, TooLargeError, error_response
from isrgen.server.metrics import CONTENT_TYPE, exposition

PREFIX: Final = "_isrgen"

A_SECOND: Final = 10.0
AT_ONCE: Final = 60
"""Requests with the token that each endpoint of one process takes at once, and each second after that."""

_READ: Final = ("GET", "HEAD")
_EDGE_IS_OFF: Final = "the edge is off: there is no cache here"
_STORE_FAILS: Final = "the store did not let go of it"

Endpoint = Callable[[Incoming], Awaitable[Outgoing]]


def _peer(incoming: Incoming) -> str:
    return incoming.peer


def _path_as_key(incoming: Incoming, path: str) -> str | None:
    return path if path.startswith("/") else None


def _by_scheme(incoming: Incoming) -> bool:
    return incoming.scheme == "https"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What differs between what ``Admin`` serves.

    ``client`` is the address that a request comes from, ``is_secure`` whether
    the visitor came by https, ``key_of`` what the cache calls a path that
    somebody wrote. ``purge`` carries purges out; the edge's own where None.
    """

    client: Callable[[Incoming], str] = _peer
    is_secure: Callable[[Incoming], bool] = _by_scheme
    key_of: Callable[[Incoming, str], str | None] = _path_as_key
    purge: Callable[[Sequence[Purge]], Awaitable[None]] | None = None


class Admin:
    """Answers ``/_isrgen/*``; only ``health`` without a token.

    ``edge`` is None where it is off, ``drafts`` where no secret was configured.
    """

    def __init__(
        self,
        token: str,
        build: str,
        edge: Edge | None,
        *,
        clock: Callable[[], float],
        counters: Counters | None = None,
        drafts: Drafts | None = None,
        around: Surroundings = Surroundings(),
    ) -> None:
        self._build = build
        self._edge = edge
        self._clock = clock
        self._counters = Counters() if counters is None else counters
        self._drafts = drafts
        self._around = around
        self._gate = Gate(token, clock)
        self._endpoints: dict[str, tuple[tuple[str, ...], Endpoint]] = {
            "revalidate": (("POST",), self._revalidate),
            "metrics": (_READ, self._metrics),
            "cache": ((*_READ, "DELETE"), self._cache),
        }
        self._buckets = {name: Bucket(A_SECOND, AT_ONCE, clock()) for name in self._endpoints}

    async def answer(self, incoming: Incoming, segments: Sequence[str]) -> Outgoing:
        """The answer for a path whose first segment is ``_isrgen``; nobody sees the query after it."""
        try:
            return await self._answer(incoming, segments)
        finally:
            incoming.query = ""

    async def _answer(self, incoming: Incoming, segments: Sequence[str]) -> Outgoing:
        name = "/".join(segments[1:])
        if name == "health":
            return self._health(incoming)
        known = name in self._endpoints or (name == "draft" and self._drafts is not None)
        if not known or not self._gate.is_open:
            return error_response(404)
        client = self._around.client(incoming)
        seconds = self._gate.wait(client)
        if seconds:
            return _too_many(seconds)
        if name == "draft" and self._drafts is not None:
            return self._draft(incoming, client, self._drafts)
        if not self._gate.admits(bearer(incoming.get("authorization")), client):
            return _unauthorized()
        return await self._admitted(incoming, name)

    async def _admitted(self, incoming: Incoming, name: str) -> Outgoing:
        methods, endpoint = self._endpoints[name]
        if incoming.method not in methods:
            return error_response(405, ("allow", ", ".join(methods)))
        seconds = self._buckets[name].take(self._clock())
        return _too_many(seconds) if seconds else await endpoint(incoming)

    def _health(self, incoming: Incoming) -> Outgoing:
        if incoming.method not in _READ:
            return error_response(405, ("allow", ", ".join(_READ)))
        return _json(200, {"status": "ok", "build": self._build})

    def _draft(self, incoming: Incoming, client: str, drafts: Drafts) -> Outgoing:
        if incoming.method not in _READ:
            return error_response(405, ("allow", ", ".join(_READ)))
        endpoint = DraftEndpoint(drafts, lambda token: self._gate.admits(token, client))
        return endpoint.answer(incoming, secure=self._around.is_secure(incoming)) or _unauthorized()

    async def _revalidate(self, incoming: Incoming) -> Outgoing:
        try:
            body = await incoming.read_body(admin_orders.MOST_BYTES)
            purges = admin_orders.purges(body, lambda path: self._around.key_of(incoming, path))
        except TooLargeError:
            return error_response(413)
        except ValueError as error:
            return _json(400, {"error": str(error), "example": admin_orders.EXAMPLE})
        if self._edge is None:
            return _json(501, {"error": f"{_EDGE_IS_OFF} to purge"})
        try:
            await (self._around.purge or self._edge.purge)(purges)
        except PurgeError as error:
            return _json(503, {"error": str(error)})
        return _json(200, {"revalidated": len(purges)})

    async def _metrics(self, incoming: Incoming) -> Outgoing:
        usage = None if self._edge is None else await self._edge.store.usage()
        text = exposition(self._build, self._counters.totals(), usage)
        return Outgoing(200, [("content-type", CONTENT_TYPE), ("cache-control", PRIVATE)], text.encode())

    async def _cache(self, incoming: Incoming) -> Outgoing:
        if self._edge is None:
            return _json(501, {"error": _EDGE_IS_OFF})
        asked = dict(parse_qsl(incoming.query, keep_blank_values=True))
        store, ours = self._edge.store, self._edge.is_ours
        if "key" not in asked and incoming.method != "DELETE":
            prefix, limit = asked.get("prefix", ""), asked.get("limit", "100")
            prefix = self._around.key_of(incoming, prefix) or prefix
            if not limit.isascii() or not limit.isdigit() or not 1 <= int(limit[:9]) <= MOST_LISTED:
                return _json(400, {"error": f"`limit` is a number from 1 to {MOST_LISTED}."})
            return _json(200, await listing(store, prefix, int(limit), self._clock(), ours))
        key = self._around.key_of(incoming, asked.get("key", ""))
        if key is None:
            return _json(400, {"error": "`key` begins with a slash, as in ?key=/blog/tea/"})
        if incoming.method == "DELETE":
            count = await removed(store, key)
            return _json(503, {"error": _STORE_FAILS}) if count is None else _json(200, {"removed": count})
        with_body = asked.get("body", "") not in ("", "0")
        found = await shown(store, key, self._clock(), with_body=with_body, ours=ours)
        return (
            _json(404, {"error": "Nothing is stored under this key."}) if found is None else _json(200, found)
        )


def _unauthorized() -> Outgoing:
    return _json(401, {"error": "unauthorized"}, ("www-authenticate", 'Bearer realm="isrgen"'))


def _too_many(seconds: int) -> Outgoing:
    return _json(429, {"error": "too many requests"}, ("retry-after", str(seconds)))


def _json(status: int, value: dict[str, Any], *headers: tuple[str, str]) -> Outgoing:
    body = json.dumps(value, separators=(",", ":")).encode() + b"\n"
    pairs = [("content-type", "application/json"), ("cache-control", PRIVATE), *headers]
    return Outgoing(status, pairs, body)
