"""The pages of ``site/`` without a cache of ours, for caches that stand in front of any origin.

They send the guide's headers, and the tags in ``Cache-Tag`` and in ``xkey``, as
Varnish wants them; once as a server of HTTP, once as an ASGI application.
"""

from __future__ import annotations

import asyncio
import threading
from base64 import b32encode
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import sleep
from typing import Any, Self

from play import Behaviour

DECLARED = {200: "public, s-maxage=4, stale-while-revalidate=30", 404: "public, s-maxage=2"}


@dataclass
class Hall:
    """What one play's pages do, and how often they were rendered."""

    behaviour: Behaviour = Behaviour()
    renders: int = 0
    released: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def behave(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        (self.released.clear if behaviour.held else self.released.set)()

    def begin(self) -> Behaviour:
        with self.lock:
            self.renders += 1
            return self.behaviour


def _split(target: str) -> tuple[str, str]:
    hall, _, page = target.partition("?")[0].lstrip("/").partition("/")
    return hall, page


def _made(now: Behaviour, target: str, told: Mapping[str, str]) -> tuple[bytes, list[tuple[str, str]]]:
    """The body and the fields of a page; ``told`` are the request's fields by lower-case name."""
    hall, page = _split(target)
    echo = f":{told.get(now.echo.partition(':')[2], '')}" if now.echo else ""
    body = f"v{now.version}{echo}".encode()
    lifetime = DECLARED.get(now.status, "") if page == "declared/" else ""
    tags = [f"path:/{hall}/{page}", *(f"{hall}.{tag}" for tag in now.tags)]
    fields = [
        ("Content-Type", "text/plain"),
        ("Content-Length", str(len(body))),
        ("Cache-Control", now.cache_control or lifetime or "private, no-store"),
        ("ETag", f'"{b32encode(sha256(body).digest()).decode()[:16]}"'),
        ("Cache-Tag", ",".join(tags)),
        ("xkey", " ".join(tags)),
    ]
    varied = {read[7:] for read in (*now.reads, now.echo) if read == "header:accept-language"}
    return body, [*fields, *(("Vary", name) for name in varied), *now.headers]


class PlayOrigin:
    """A server on ``port``, a thread for each connection; ``application`` is the same to call."""

    def __init__(self) -> None:
        self.halls: defaultdict[str, Hall] = defaultdict(Hall)
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    async def application(self, scope: Any, receive: Any, send: Any) -> None:
        """ASGI."""
        hall = self.halls[_split(scope["path"])[0]]
        now = hall.begin()
        await asyncio.sleep(now.delay)
        while now.held and not hall.released.is_set():
            await asyncio.sleep(0.01)
        told = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
        body, fields = _made(now, scope["path"], told)
        headers = [(name.lower().encode(), value.encode()) for name, value in fields]
        await send({"type": "http.response.start", "status": now.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


class _Server(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A cache may hang up whenever it likes."""


def _handler(origin: PlayOrigin) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            hall = origin.halls[_split(self.path)[0]]
            now = hall.begin()
            sleep(now.delay)
            if now.held:
                hall.released.wait(20)
            told = {name.lower(): value for name, value in self.headers.items()}
            body, fields = _made(now, self.path, told)
            with suppress(ConnectionError):
                self.send_response(now.status)
                for name, value in fields:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body if self.command != "HEAD" else b"")

        do_HEAD = do_POST = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            """The log of an origin is of no use here."""

    return Handler
