"""An origin that is an ASGI application in this process.

The application runs in a task of its own, and is made to wait when nobody
takes what it sends. What it does after its response (Starlette's background
tasks) goes on; ``close`` waits for it a while.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextvars import ContextVar
from typing import Any, Final
from urllib.parse import unquote

from isrgen.edge.origin import OriginError, OriginRequest, OriginResponse, TruncatedError
from isrgen.http.hops import without_hops

log = logging.getLogger("isrgen")

App = Callable[[Any, Any, Any], Awaitable[None]]

_PORTS: Final = {"http": 80, "https": 443}
_BODILESS: Final = frozenset({204, 304})


VISIT: Final[ContextVar[Mapping[str, Any] | None]] = ContextVar("isrgen_visit", default=None)
"""``root_path`` and ``state`` of the visitor's request that this is done for; None in a refresh."""


class AsgiOrigin:
    """``base`` holds what the application is told where there is no ``VISIT``."""

    def __init__(self, app: App, *, patience: float = 10.0) -> None:
        self.base: dict[str, Any] = {}
        self._patience = patience
        self._app = app
        self._runs: set[asyncio.Task[None]] = set()

    async def fetch(self, request: OriginRequest) -> OriginResponse:
        """Call the application once; raises OriginError, and whatever reading ``request.body`` raises."""
        call = _Call(request)
        task = asyncio.get_running_loop().create_task(call.run(self._app, self._scope(request)))
        self._runs.add(task)
        task.add_done_callback(self._runs.discard)
        try:
            return await call.head()
        except BaseException:
            task.cancel()
            raise

    async def close(self) -> None:
        """Wait for what the application does after its responses, and end what takes too long."""
        if self._runs:
            await asyncio.wait(self._runs, timeout=self._patience)
        for run in self._runs:
            run.cancel()
        await asyncio.gather(*self._runs, return_exceptions=True)

    def _scope(self, request: OriginRequest) -> dict[str, Any]:
        visit = VISIT.get()
        around = self.base if visit is None else visit
        path, _, query = request.target.partition("?")
        host, port = _authority(request)
        headers = [("host", request.host)]
        headers += [pair for pair in without_hops(request.headers) if pair[0] != "host"]
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": request.scheme,
            "path": unquote(path),
            "raw_path": path.encode("latin-1"),
            "query_string": query.encode("latin-1"),
            "root_path": around.get("root_path", ""),
            "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers],
            "client": (request.client, 0) if request.client else None,
            "server": (host, port),
        }
        if "state" in around:
            scope["state"] = dict(around["state"])
        return scope


class _Call:
    """One call of the application: what it is given to read, and the response that it sends."""

    def __init__(self, request: OriginRequest) -> None:
        self._request = request
        self._unread = request.body
        self._all_read = False
        self._start: asyncio.Future[OriginResponse] = asyncio.get_running_loop().create_future()
        self._chunks: asyncio.Queue[bytes | OriginError | None] = asyncio.Queue(maxsize=1)
        self._over = asyncio.Event()
        self._fault: OriginError | None = None
        self._complete = False
        self._ended = False
        self._bodiless = request.method == "HEAD"
        self._left: int | None = None

    async def run(self, app: App, scope: dict[str, Any]) -> None:
        """Whatever goes wrong in the application is told to whoever waits for its response."""
        fault = "the application ended without a whole response"
        try:
            await app(scope, self._receive, self._send)
        except asyncio.CancelledError:
            self._fail("the application was called off")
            raise
        except Exception as error:
            fault = f"the application failed: {error!r}"
            # A whole response may have gone out before: Starlette answers 500, and raises for the log.
            if self._complete or not self._over.is_set():
                path = self._request.target.partition("?")[0]
                log.exception("the application failed on %s %s", self._request.method, path)
        self._fail(fault)

    def _fail(self, fault: str) -> None:
        """Nothing more comes; who is behind with reading hears of it after what there is."""
        if not self._start.done():
            self._start.set_exception(OriginError(fault, 500))
        elif not self._over.is_set():
            self._fault = TruncatedError(fault)
            if self._chunks.empty():
                self._chunks.put_nowait(self._fault)

    async def head(self) -> OriginResponse:
        return await self._start

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._ended:
            raise StopAsyncIteration
        chunk = self._fault if self._fault is not None and self._chunks.empty() else await self._chunks.get()
        if isinstance(chunk, bytes):
            return chunk
        self._ended = True
        if chunk is not None:
            raise chunk
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Nobody listens any longer: the application is told when it receives, or sends more."""
        self._ended = True
        self._over.set()
        while not self._chunks.empty():
            self._chunks.get_nowait()

    async def _receive(self) -> dict[str, Any]:
        if self._unread is not None and not self._over.is_set():
            try:
                async for chunk in self._unread:
                    return {"type": "http.request", "body": chunk, "more_body": True}
            except Exception as error:
                # Whoever sent the body is gone, or too slow; the same is told to who waits for the response.
                self._unread, self._all_read = None, True
                self._over.set()
                if not self._start.done():
                    self._start.set_exception(error)
            self._unread = None
        if not self._all_read:
            self._all_read = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._over.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Mapping[str, Any]) -> None:
        if self._complete:
            return
        if self._over.is_set():
            raise OSError("the client went away")
        if message["type"] == "http.response.start":
            self._begin(message["status"], message.get("headers", ()))
        elif message["type"] == "http.response.body":
            if not self._start.done():
                raise RuntimeError("a body was sent before the start of the response")
            await self._pass_on(bytes(message.get("body", b"")), last=not message.get("more_body", False))

    def _begin(self, status: int, raw: Iterable[tuple[bytes, bytes]]) -> None:
        if self._start.done():
            raise RuntimeError("the response was started twice")
        if not 200 <= status <= 999:
            raise RuntimeError(f"{status!r} is not the status of a response")
        headers = without_hops(
            (bytes(name).decode("latin-1").lower(), bytes(value).decode("latin-1").strip(" \t"))
            for name, value in raw
        )
        self._bodiless = self._bodiless or status in _BODILESS
        length = _length(headers)
        self._left = None if self._bodiless else length
        self._start.set_result(OriginResponse(status, tuple(headers), self))

    async def _pass_on(self, body: bytes, last: bool) -> None:
        if self._left is not None:
            self._left -= len(body)
            if self._left < 0 or (last and self._left):
                raise RuntimeError("the body is not as long as its Content-Length says")
        if body and not self._bodiless:
            await self._chunks.put(body)
        if last:
            self._complete = True
            await self._chunks.put(None)
            # Only now: Django ends its response when it hears of the end of the request.
            self._over.set()


def _authority(request: OriginRequest) -> tuple[str, int]:
    """Host and port that the visitor asked for."""
    host, colon, port = request.host.rpartition(":")
    if not colon or not port.isdigit():
        return request.host.strip("[]"), _PORTS[request.scheme]
    return host.strip("[]"), int(port)


def _length(headers: Iterable[tuple[str, str]]) -> int | None:
    """The one length that a response tells; raises RuntimeError for several, or what is no number."""
    lengths = {value for name, value in headers if name == "content-length"}
    # int() also takes "+5" and "1_0", which mean something else, or nothing, to whoever reads them next.
    if len(lengths) > 1 or not all(each.isascii() and each.isdigit() for each in lengths):
        raise RuntimeError(f"Content-Length is {', '.join(sorted(lengths))!r}, which is no length")
    return next(map(int, lengths), None)
