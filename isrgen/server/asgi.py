"""ASGI: for uvicorn, function platforms, and everyone else."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from isrgen.errors import IsrgenError
from isrgen.server.admin import PREFIX
from isrgen.server.handler import Handler
from isrgen.server.hosts import host_fault
from isrgen.server.message import FilePart, GoneError, Incoming, Outgoing, TooLargeError, refusal
from isrgen.server.streaming import close, send_stream

log = logging.getLogger("isrgen")

_CHUNK: Final = 256 * 1024


async def serve(app: Handler, scope: Any, receive: Any, send: Any) -> None:
    """Answer one scope: a request, or the server's start and stop."""
    if scope["type"] == "lifespan":
        await _lifespan(app, receive, send)
    elif scope["type"] == "http":
        await _http(app, scope, receive, send)
    elif scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1000})


async def _lifespan(app: Handler, receive: Any, send: Any) -> None:
    while True:
        message = await receive()
        name = message["type"].removeprefix("lifespan.")
        try:
            await (app.start() if name == "startup" else app.stop())
        except (IsrgenError, OSError) as error:
            log.error("%s", error)
            await send({"type": f"lifespan.{name}.failed", "message": str(error)})
            return
        await send({"type": f"lifespan.{name}.complete"})
        if name == "shutdown":
            return


async def _http(app: Handler, scope: Any, receive: Any, send: Any) -> None:
    began = perf_counter()
    incoming = _incoming(scope, receive)
    fault = _fault(scope, incoming)
    try:
        outgoing = refusal(incoming.method, fault) if fault else await app.handle(incoming)
    except GoneError:
        # Nobody sees it, but where only the body broke off.
        outgoing = refusal(incoming.method)
    if scope.get("query_string") and (not incoming.query or PREFIX in scope["path"]):
        # It held a token, and servers log what the scope has when the response begins.
        scope["query_string"] = b""
    try:
        size = await _send(outgoing, receive, send)
    finally:
        await close(outgoing.stream)
    app.ledger.sent(incoming, outgoing, size, began)


def _fault(scope: Any, incoming: Incoming) -> str:
    """Why a request cannot be understood; "" when it can. Servers leave ``Host`` to the application."""
    hosts = [value for name, value in incoming.headers if name == "host"]
    return host_fault(scope.get("http_version", "1.0"), hosts)


async def _send(outgoing: Outgoing, receive: Any, send: Any) -> int:
    """How many bytes of body were sent."""
    size = outgoing.length or 0
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in outgoing.headers]
    await send({"type": "http.response.start", "status": outgoing.status, "headers": headers})

    async def chunk(data: bytes) -> None:
        nonlocal size
        size += len(data) if outgoing.stream is not None else 0
        await send({"type": "http.response.body", "body": data, "more_body": True})

    if outgoing.stream is not None:
        if not await send_stream(outgoing.stream, chunk, _disconnected(receive)):
            # Servers close the connection of a response that was never completed, and need no exception to.
            return size
    elif outgoing.file is not None:
        await _send_file(outgoing.file, chunk)
    await send({"type": "http.response.body", "body": outgoing.body})
    return size


async def _send_file(file: FilePart, chunk: Any) -> None:
    for start in range(file.start, file.end, _CHUNK):
        await chunk(await asyncio.to_thread(_read, file.path, start, min(_CHUNK, file.end - start)))


def _read(path: Path, start: int, size: int) -> bytes:
    with path.open("rb") as opened:
        opened.seek(start)
        return opened.read(size)


async def _disconnected(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _incoming(scope: Any, receive: Any) -> Incoming:
    async def read_body(most: int) -> bytes:
        taken = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise GoneError
            taken += message.get("body", b"")
            if len(taken) > most:
                raise TooLargeError
            if not message.get("more_body", False):
                return bytes(taken)

    raw = scope.get("raw_path")
    headers = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]]
    client = scope.get("client")
    return Incoming(
        scope["method"],
        scope["path"],
        raw.partition(b"?")[0] if raw else None,
        scope.get("query_string", b"").decode("latin-1"),
        headers,
        client[0] if client else "",
        read_body,
        scope.get("scheme", "http"),
    )
