"""Visits to the server of a built site, in this process: what was sent, and how its renders went.

The app is asked over ASGI, as a server would ask it: nothing that stands
between a request and its response is left out.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from isrgen.caching.fields import PRIVATE
from isrgen.caching.privacy import Read
from isrgen.check.visitor import Visitor
from isrgen.edge.open import open_store
from isrgen.errors import Problem
from isrgen.handlers.blame import problem_of, relative
from isrgen.handlers.pool import BusyError, DeadlineError
from isrgen.handlers.render import Render
from isrgen.handlers.renderer import Renderer
from isrgen.http.answer import Answer
from isrgen.manifest import Route
from isrgen.server.app import App, Settings, create_app

_MOST: Final = 10_000_000
"""Bytes of a body that are read; whatever comes after them is left unread."""
_GRACE: Final = 10.0


@dataclass(frozen=True, slots=True)
class Rendered:
    """One render: what it read, what makes it private against its wish, and why it failed, if it did."""

    route: Route
    reads: tuple[Read, ...] = ()
    warnings: tuple[Problem, ...] = ()
    failure: Problem | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What one visit came to. ``whole`` is False where a body had no end, or was too long to wait for."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    renders: tuple[Rendered, ...] = ()
    whole: bool = True

    def header(self, name: str) -> str:
        return ", ".join(value for key, value in self.headers if key == name)

    @property
    def is_html(self) -> bool:
        return self.header("content-type").startswith("text/html")

    @property
    def is_shared(self) -> bool:
        """Whether a cache may keep it for everyone: every page of one visitor says what ``PRIVATE`` is."""
        return self.header("cache-control") != PRIVATE

    @property
    def is_hit(self) -> bool:
        return "; hit" in self.header("cache-status")

    @property
    def failure(self) -> Problem | None:
        return next((render.failure for render in self.renders if render.failure), None)


_sheet: ContextVar[list[Rendered] | None] = ContextVar("isrgen_check_sheet", default=None)


class WatchedRenderer(Renderer):
    """The renderer of the site, which notes on the sheet of the visit how each render went."""

    async def _answer(self, render: Render, route: Route) -> tuple[Answer, tuple[Problem, ...]]:
        sheet = _sheet.get()
        try:
            answer, problems = await super()._answer(render, route)
        except Exception as error:
            if sheet is not None:
                failure = self._failure(error, route, render.request.path)
                sheet.append(Rendered(route, self._placed(render.reads), failure=failure))
            raise
        if sheet is not None:
            sheet.append(Rendered(route, self._placed(render.reads), problems))
        return answer, problems

    def _placed(self, reads: tuple[Read, ...]) -> tuple[Read, ...]:
        """With the files as the site's author knows them."""
        root = self._parts.root
        return tuple(
            Read(read.what, read.name, relative(read.file, root) or read.file, read.line) for read in reads
        )

    def _failure(self, error: Exception, route: Route, path: str) -> Problem:
        source = route.module or route.source
        if isinstance(error, (DeadlineError, BusyError)):
            text = f"{error}"
            return Problem(f"{text[:1].upper()}{text[1:]}.", "Find what it waits for.", file=source)
        return problem_of(error, self._parts.root, "Rendering this page", source, path)


@dataclass(slots=True)
class Visits:
    """One server, to be visited."""

    app: App
    patience: float = field(default=20.0)

    async def get(self, path: str, visitor: Visitor, query: str = "", *, patiently: bool = True) -> Seen:
        """What ``visitor`` is sent for a percent-encoded path.

        Not ``patiently``, only the beginning is read of what streams to nobody else.
        """
        taken = _Taken(patiently)
        sheet: list[Rendered] = []
        token = _sheet.set(sheet)
        try:
            async with asyncio.timeout(self.patience):
                await self.app(_scope(path, query, visitor), taken.receive, taken.send)
        except TimeoutError:
            taken.whole = False
        finally:
            _sheet.reset(token)
        headers = tuple((k.decode("latin-1").lower(), v.decode("latin-1")) for k, v in taken.headers)
        return Seen(taken.status, headers, bytes(taken.body), tuple(sheet), taken.whole)


@asynccontextmanager
async def visited(
    server: Path, site: Path, *, edge: bool, clock: Callable[[], float]
) -> AsyncIterator[Visits]:
    """The app of ``dist/server`` between its start and its stop; with an ``edge``, its store is empty."""
    store = open_store("memory:", root=site, shared=False) if edge else None
    settings = Settings(store=store, edge=edge, clock=clock, data_roots=(site,))
    with _own_environment():
        app = create_app(server, settings, WatchedRenderer)
        await app.start()
        try:
            yield Visits(app, app.manifest.render_timeout + _GRACE)
        finally:
            await app.stop()


@contextmanager
def _own_environment() -> Iterator[None]:
    """What a site's code does to the environment ends with its server."""
    before = dict(os.environ)
    try:
        yield
    finally:
        for name in os.environ.keys() - before.keys():
            del os.environ[name]
        os.environ.update(before)


class _Taken:
    """The client's side of one request: takes what is sent, and hangs up on what does not end."""

    def __init__(self, patiently: bool) -> None:
        self._patiently = patiently
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = bytearray()
        self.whole = True
        self._asked = False
        self._enough = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._enough.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message["headers"])
            return
        self.body += message.get("body", b"")
        if message.get("more_body", False) and (len(self.body) > _MOST or self._is_bored):
            self.whole = False
            self._enough.set()

    @property
    def _is_bored(self) -> bool:
        """Events go on until somebody hangs up, and a page of one visitor is nothing to wait for."""
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in self.headers}
        if headers.get("content-type", "").startswith("text/event-stream"):
            return True
        return not self._patiently and headers.get("cache-control") == PRIVATE


def _scope(path: str, query: str, visitor: Visitor) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode("latin-1", "replace"),
        "query_string": query.encode("latin-1", "replace"),
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in visitor.headers],
        "client": (visitor.peer, 49152),
        "server": ("127.0.0.1", 80),
    }
