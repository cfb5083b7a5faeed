"""The pages of ``site/`` without a cache of ours, for caches that stand in front of any origin.

It sends the guide's headers, and the tags in ``Cache-Tag`` and in ``xkey``, as
Varnish wants them.
"""

from __future__ import annotations

import threading
from base64 import b32encode
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import sleep

from play import Behaviour

DECLARED = {200: "public, s-maxage=4, stale-while-revalidate=30", 404: "public, s-maxage=2"}


@dataclass
class Hall:
    """What one play's pages do, and how often they were rendered."""

    behaviour: Behaviour = Behaviour()
    renders: int = 0
    released: threading.Event = field(default_factory=threading.Event)

    def behave(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        (self.released.clear if behaviour.held else self.released.set)()


class PlayOrigin:
    """A server on ``port``, a thread for each connection."""

    def __init__(self) -> None:
        self.halls: defaultdict[str, Hall] = defaultdict(Hall)
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A cache may hang up whenever it likes."""


def _handler(origin: PlayOrigin) -> type[BaseHTTPRequestHandler]:
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            name, _, page = self.path.partition("?")[0].lstrip("/").partition("/")
            hall = origin.halls[name]
            with lock:
                hall.renders += 1
                now = hall.behaviour
            sleep(now.delay)
            if now.held:
                hall.released.wait(20)
            body = self._body(now)
            with suppress(ConnectionError):
                self.send_response(now.status)
                for field_name, value in self._fields(now, name, page, body):
                    self.send_header(field_name, value)
                self.end_headers()
                self.wfile.write(body if self.command != "HEAD" else b"")

        do_HEAD = do_POST = do_GET  # noqa: N815

        def _body(self, now: Behaviour) -> bytes:
            echo = f":{self.headers.get(now.echo.partition(':')[2], '')}" if now.echo else ""
            return f"v{now.version}{echo}".encode()

        def _fields(self, now: Behaviour, hall: str, page: str, body: bytes) -> list[tuple[str, str]]:
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
            varied = [read[7:] for read in (*now.reads, now.echo) if read == "header:accept-language"]
            return [*fields, *(("Vary", name) for name in varied[:1]), *now.headers]

        def log_message(self, *_: object) -> None:
            """The log of an origin is of no use here."""

    return Handler
