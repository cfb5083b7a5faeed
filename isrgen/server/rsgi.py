"""RSGI, granian's own protocol: paths come decoded, and a bad header may bring the worker down."""

from __future__ import annotations

from typing import Any, Protocol

from isrgen.server.message import FilePart, GoneError, Incoming, Outgoing, Pairs, TooLargeError
from isrgen.server.streaming import send_stream


class Handler(Protocol):
    """What answers."""

    async def handle(self, incoming: Incoming) -> Outgoing: ...


async def serve(app: Handler, scope: Any, protocol: Any) -> None:
    """Answer one request of granian's."""
    if scope.proto != "http":
        return
    try:
        outgoing = await app.handle(_incoming(scope, protocol))
    except GoneError:
        protocol.response_empty(400, [])
        return
    headers = wire(outgoing.headers)
    if outgoing.stream is not None:
        transport = protocol.response_stream(outgoing.status, headers)
        await send_stream(outgoing.stream, transport.send_bytes, _gone(protocol))
    elif outgoing.file is not None:
        _send_file(protocol, outgoing.status, headers, outgoing.file)
    elif outgoing.body:
        protocol.response_bytes(outgoing.status, headers, outgoing.body)
    else:
        protocol.response_empty(outgoing.status, headers)


def wire(headers: Pairs) -> Pairs:
    """Headers that granian can send: it takes visible ASCII only, and gives up on anything else."""
    return [(name.lower(), value.encode("ascii", "replace").decode("ascii")) for name, value in headers]


async def _gone(protocol: Any) -> None:
    """granian's awaitables look like asyncio's futures and are not; a task around one is safe to cancel."""
    await protocol.client_disconnect()


def _send_file(protocol: Any, status: int, headers: Pairs, file: FilePart) -> None:
    if file.start == 0 and file.end == file.size:
        protocol.response_file(status, headers, str(file.path))
    else:
        protocol.response_file_range(status, headers, str(file.path), file.start, file.end)


def _incoming(scope: Any, protocol: Any) -> Incoming:
    async def read_body(most: int) -> bytes:
        taken = bytearray()
        try:
            async for chunk in protocol:
                taken += chunk
                if len(taken) > most:
                    raise TooLargeError
        except RuntimeError as error:
            raise GoneError from error
        return bytes(taken)

    headers = [(name.lower(), value) for name, value in scope.headers.items()]
    return Incoming(
        scope.method, scope.path, None, scope.query_string, headers, _host(scope.client), read_body
    )


def _host(client: str) -> str:
    """``1.2.3.4:5678`` or ``[::1]:5678`` without the port."""
    return client.rpartition(":")[0].strip("[]")
