"""The edge cache as an ASGI application in front of an origin: a request in, a cached or fresh response out.

It does what needs a connection: intake, limits, streaming both ways, and the
fields that a proxy owes (RFC 9110 section 7.6). What may be kept, and for whom,
is ``edge.http_cache``'s affair.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Final, Protocol

from isrgen.edge.exchange import Served
from isrgen.edge.origin import OriginRequest
from isrgen.http.hops import without_hops
from isrgen.http.response import BODILESS
from isrgen.routing.urls import BadPathError, split_raw
from isrgen.server.admin import PREFIX
from isrgen.server.intake import Intake, RefusedError, take_in
from isrgen.server.ledger import Ledger
from isrgen.server.message import (
    GoneError,
    Incoming,
    Outgoing,
    Pairs,
    TooLargeError,
    UnreadBodyError,
    error_response,
    finished,
    lowered,
)
from isrgen.server.proxies import Proxies
from isrgen.server.request_body import RequestBody
from isrgen.server.streaming import close, send_stream
from isrgen.server.tally import Tally

log = logging.getLogger("isrgen")

BODY_PAUSE: Final = 60.0
"""Seconds that a visitor may keep us waiting with a body, and for each piece of a streamed response."""

_WRITTEN_HERE: Final = frozenset({"age", "cache-status", "content-length", "etag", "via"})


class SlowReaderError(Exception):
    """A visitor does not take what is sent."""


class Cache(Protocol):
    """What is asked for every response: ``edge.http_cache.HttpCache``."""

    async def start(self) -> None: ...

    async def serve(self, request: OriginRequest) -> Served: ...

    async def close(self) -> None: ...


class Endpoints(Protocol):
    """What answers below ``/_isrgen/``."""

    async def answer(self, incoming: Incoming, segments: tuple[str, ...]) -> Outgoing: ...


def own_name() -> str:
    """A name for ``Via`` that no other proxy has, by which a request that comes round is known."""
    return f"isrgen-{secrets.token_hex(4)}"


@dataclass(frozen=True, slots=True)
class Gateway:
    """``via`` is its name; ``body_pause`` bounds the wait for a visitor who sends or takes nothing."""

    cache: Cache
    admin: Endpoints
    via: str
    proxies: Proxies
    ledger: Ledger
    body_pause: float = BODY_PAUSE

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one ``http`` scope."""
        began, tally = perf_counter(), Tally(send)
        try:
            await self._visit(scope, receive, tally)
        finally:
            if tally.status:
                self._note(scope, tally, perf_counter() - began)

    def _note(self, scope: Any, tally: Tally, seconds: float) -> None:
        self.ledger.count(tally.status, tally.size)
        access = self.ledger.access
        if access is None:
            return
        raw, peer = scope.get("raw_path"), (scope.get("client") or ("",))[0]
        said = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
        access.note(
            scope["method"],
            scope["path"] if raw is None else raw.decode("latin-1"),
            scope.get("query_string", b"").decode("latin-1"),
            tally.status,
            tally.size,
            seconds,
            tally.cache_status,
            self.proxies.address(peer, ", ".join(said)),
        )

    async def _visit(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            taken = take_in(scope, self.proxies, self.via)
        except RefusedError as error:
            refusal = error_response(error.status, message=error.message)
            await _send(send, scope["method"], refusal)
            return
        body = RequestBody(receive, self.body_pause, has_body=taken.has_body)
        try:
            await self._answer(taken, body, send)
        except GoneError:
            # Nobody sees it, but where only the body broke off.
            await _send(send, taken.method, error_response(400))
        except UnreadBodyError as error:
            await _send(send, taken.method, error_response(error.status))

    async def _answer(self, taken: Intake, body: RequestBody, send: Any) -> None:
        segments = _segments(taken.target)
        if segments[:1] == (PREFIX,):
            await _send(send, taken.method, await self.admin.answer(_incoming(taken, body), segments))
        elif taken.final:
            # A final recipient need not support TRACE, and has nothing to say of itself to OPTIONS.
            await _send(send, taken.method, error_response(405) if taken.method == "TRACE" else Outgoing(204))
        else:
            await self._forward(taken, body, send)

    async def _forward(self, taken: Intake, body: RequestBody, send: Any) -> None:
        request = OriginRequest(
            taken.method,
            taken.scheme,
            taken.host,
            taken.target,
            tuple(taken.headers),
            body if taken.has_body else None,
            taken.client,
        )
        try:
            served = await self.cache.serve(request)
        except (GoneError, UnreadBodyError):
            raise
        except Exception:
            # Without the query, which may hold what is not for logs.
            log.exception("%s %s could not be answered", taken.method, taken.target.partition("?")[0])
            await _send(send, taken.method, error_response(500))
            return
        try:
            await self._pass_on(taken.method, served, body, send)
        finally:
            await close(served.stream)

    async def _pass_on(self, method: str, served: Served, body: RequestBody, send: Any) -> None:
        await _start(send, served.status, self._fields(method, served))
        if method == "HEAD" or served.status in BODILESS:
            await send({"type": "http.response.body", "body": b""})
        elif served.stream is None:
            await send({"type": "http.response.body", "body": served.body})
        elif await send_stream(served.stream, self._chunks(send), body.gone()):
            await send({"type": "http.response.body", "body": b""})
        # Else it broke off, and the server closes a connection on which the response was never completed.

    def _chunks(self, send: Any) -> Callable[[bytes], Awaitable[None]]:
        """Send a piece; a visitor who does not take it in time holds the origin's connection no longer."""

        async def chunk(data: bytes) -> None:
            sending = asyncio.ensure_future(_sent(send, data))
            try:
                done, _ = await asyncio.wait([sending], timeout=self.body_pause)
            finally:
                sending.cancel()
            if not done:
                raise SlowReaderError(f"nothing was read for {self.body_pause:.0f} s")
            sending.result()

        return chunk

    def _fields(self, method: str, served: Served) -> Pairs:
        """What is sent: the origin's fields, and those that a cache writes or adds to, each once and last."""
        fields: Pairs = []
        said: dict[str, list[str]] = {}
        for name, value in without_hops(lowered(served.headers)):
            if name in _WRITTEN_HERE:
                said.setdefault(name, []).append(value)
            else:
                fields.append((name, value))
        fields.append(("via", ", ".join([*said.get("via", ()), f"1.1 {self.via}"])))
        length = said.get("content-length", [""])[0]
        if served.stream is None and served.status not in BODILESS and (served.body or method != "HEAD"):
            length = str(len(served.body))
        age = said.get("age", [""])[0] if served.age is None else str(served.age)
        etag = served.etag or said.get("etag", [""])[0]
        status = ", ".join([*said.get("cache-status", ()), str(served.cache_status)])
        written = (("content-length", length), ("age", age), ("etag", etag), ("cache-status", status))
        return fields + [pair for pair in written if pair[1]]


async def _sent(send: Any, data: bytes) -> None:
    await send({"type": "http.response.body", "body": data, "more_body": True})


def _segments(target: str) -> tuple[str, ...]:
    """Those of the path; none for a path that only the origin may understand."""
    path = target.partition("?")[0]
    if PREFIX not in path and "%" not in path:
        return ()
    try:
        return split_raw(path)
    except BadPathError:
        return ()


def _incoming(taken: Intake, body: RequestBody) -> Incoming:
    async def read_body(most: int) -> bytes:
        return await body.read(most, TooLargeError)

    path, _, query = taken.target.partition("?")
    headers = [*taken.headers, ("host", taken.host)]
    return Incoming(
        taken.method, path, path.encode("latin-1"), query, headers, taken.client, read_body, taken.scheme
    )


async def _start(send: Any, status: int, fields: Pairs) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields]
    await send({"type": "http.response.start", "status": status, "headers": headers})


async def _send(send: Any, method: str, outgoing: Outgoing) -> None:
    """A response of our own: small, and whole."""
    outgoing = finished(method, outgoing)
    await _start(send, outgoing.status, outgoing.headers)
    await send({"type": "http.response.body", "body": outgoing.body})
