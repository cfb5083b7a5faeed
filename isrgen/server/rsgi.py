"""RSGI, granian's own protocol: paths come decoded, and a bad header may bring the worker down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from time import perf_counter
from typing import Any, Final

from isrgen.server.handler import Handler
from isrgen.server.hangup import hang_up
from isrgen.server.hosts import host_fault
from isrgen.server.message import (
    FilePart,
    GoneError,
    Incoming,
    Outgoing,
    Pairs,
    TooLargeError,
    UnreadBodyError,
    lowered,
    refusal,
)
from isrgen.server.streaming import send_stream

_FLUSH: Final = 0.05
"""Seconds in which granian writes out what it was given before the connection goes."""

_UNIMPORTANT: Final = frozenset({"user-agent", "referer"})
"""Headers of the client's software, without which a request means the same."""


async def serve(app: Handler, scope: Any, protocol: Any) -> None:
    """Answer one request of granian's."""
    if scope.proto != "http":
        return
    began = perf_counter()
    headers = lowered(scope.headers.items())
    fault = _fault(scope, headers)
    incoming = _incoming(scope, headers, protocol)
    try:
        outgoing = refusal(scope.method, fault) if fault else await app.handle(incoming)
    except GoneError:
        protocol.response_empty(400, [])
        return
    size = await _send(scope, protocol, outgoing)
    app.ledger.sent(incoming, outgoing, size, began)


async def _send(scope: Any, protocol: Any, outgoing: Outgoing) -> int:
    """How many bytes of body were sent."""
    sent = wire(outgoing.headers)
    if outgoing.stream is not None:
        return await _send_stream(scope, protocol, outgoing.stream, outgoing.status, sent)
    if outgoing.file is not None:
        _send_file(protocol, outgoing.status, sent, outgoing.file)
    elif outgoing.body:
        protocol.response_bytes(outgoing.status, sent, outgoing.body)
    else:
        protocol.response_empty(outgoing.status, sent)
    return outgoing.length or 0


def _unread(names: Iterable[str], read: Pairs) -> list[str]:
    """Names of headers that granian keeps the value of to itself, since it is not ASCII.

    A request without them would be another: a visitor without the session, a
    key without its variant. Where one line of several of one name is such,
    granian tells nothing of it.
    """
    known = {name for name, _ in read}
    return sorted({name.lower() for name in names} - known - _UNIMPORTANT)


def _fault(scope: Any, headers: Pairs) -> str:
    """Why a request cannot be understood; "" when it can."""
    unread = _unread(scope.headers.keys(), headers)
    if unread:
        return f"Headers of this request are not ASCII, and cannot be read: {', '.join(unread)}."
    return host_fault(scope.http_version, [value for name, value in headers if name == "host"])


def wire(headers: Pairs) -> Pairs:
    """Headers that granian can send: it takes visible ASCII only, and gives up on anything else."""
    return [(name, value if value.isascii() else _ascii(value)) for name, value in headers]


def _ascii(value: str) -> str:
    return value.encode("ascii", "replace").decode("ascii")


async def _send_stream(
    scope: Any, protocol: Any, stream: AsyncIterator[bytes], status: int, headers: Pairs
) -> int:
    """granian ends a body when nothing refers to its transport any more: let go of it, come what may.

    Exceptions refer to frames, and these to each other, so only this list holds it.
    """
    held = [protocol.response_stream(status, headers)]
    size = 0

    async def send(data: bytes) -> None:
        nonlocal size
        await held[0].send_bytes(data)
        size += len(data)

    if not await send_stream(stream, send, _gone(protocol)):
        await _break_off(scope)
    held.clear()
    return size


async def _break_off(scope: Any) -> None:
    """Let the visitor see that there should have been more.

    Over HTTP/2 other requests share the connection, so there the body just ends.
    """
    if scope.http_version.startswith("1"):
        await asyncio.sleep(_FLUSH)
        hang_up(scope.server.rpartition(":")[2], scope.client)


async def _gone(protocol: Any) -> None:
    """granian's awaitables look like asyncio's futures and are not; a task around one is safe to cancel."""
    await protocol.client_disconnect()


def _send_file(protocol: Any, status: int, headers: Pairs, file: FilePart) -> None:
    if file.start == 0 and file.end == file.size:
        protocol.response_file(status, headers, str(file.path))
    else:
        protocol.response_file_range(status, headers, str(file.path), file.start, file.end)


def _incoming(scope: Any, headers: Pairs, protocol: Any) -> Incoming:
    async def read_body(most: int) -> bytes:
        taken, ends = bytearray(), 0
        try:
            async for chunk in protocol:
                taken += chunk
                ends += not chunk
                if len(taken) > most:
                    raise TooLargeError
        except RuntimeError as error:
            raise GoneError from error
        # granian tells of a body that broke off, or whose chunks are none, by ending it twice.
        if ends > 1:
            raise UnreadBodyError
        return bytes(taken)

    # The path comes decoded, %2F included, and there is no raw one: an encoded slash is a slash here,
    # so that `/a%2Fb` is the route of `/a/b` under RSGI and a 404 under ASGI.
    peer = host_of(scope.client)
    return Incoming(
        scope.method, scope.path, None, scope.query_string, headers, peer, read_body, scope.scheme
    )


def host_of(client: str) -> str:
    """``1.2.3.4:5678`` or ``[::1]:5678`` without the port."""
    return client.rpartition(":")[0].strip("[]")
