"""The server's app with what dev adds: the reload script, the overlay, the clock's page.

Written against RSGI alone: it wraps whatever app the last good build gave.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs

from isrgen.dev import clock as clocks
from isrgen.dev import overlay, reload
from isrgen.dev.state import State

Pairs = list[tuple[str, str]]

HTML: Final = "text/html; charset=utf-8"
NO_STORE: Final = ("cache-control", "no-store")

_DROPPED: Final = ("accept-encoding", "if-none-match", "if-modified-since")
"""Fields that a page's request loses: its bytes change with every build, its headers do not."""


class DevApp:
    """``app`` is None until a build has worked; ``mine`` is the number of the build it serves."""

    def __init__(
        self, app: Any, *, mine: int, root: Path, clock: clocks.Clock, read: Callable[[], State]
    ) -> None:
        self._app = app
        self._mine = mine
        self._root = root
        self._clock = clock
        self._read = read

    async def start(self) -> None:
        if self._app is not None:
            await self._app.start()

    async def stop(self) -> None:
        if self._app is not None:
            await self._app.stop()

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        if scope.path.startswith(reload.PREFIX):
            await self._own(scope.path.removeprefix(reload.PREFIX), scope.query_string, protocol)
            return
        state = self._read()
        number = reload.shown(state, self._mine)
        if not _is_page(scope):
            await self._pass(scope, protocol, state)
        elif state.problems:
            page = overlay.page(state.problems, self._root, reload.tag(number))
            protocol.response_str(500, [("content-type", HTML), NO_STORE], page)
        elif self._app is not None:
            injecting = Injecting(protocol, number)
            await self._app.__rsgi__(PageScope(scope), injecting)
            await injecting.finish()
        else:
            _building(protocol, number)

    async def _pass(self, scope: Any, protocol: Any, state: State) -> None:
        """Anything but a page: the last good build answers it, also while the site is broken."""
        if self._app is not None:
            await self._app.__rsgi__(scope, protocol)
            return
        text = "\n\n".join(map(str, state.problems)) or "The first build is under way."
        protocol.response_str(500, [("content-type", "text/plain; charset=utf-8"), NO_STORE], text + "\n")

    async def _own(self, name: str, query: str, protocol: Any) -> None:
        if name == "clock":
            self._show_clock(query, protocol)
            return
        found = parse_qs(query).get("seen", ["0"])[-1]
        seen = int(found) if found.isdecimal() else 0
        if name == "reload.js":
            protocol.response_str(
                200, [("content-type", "text/javascript; charset=utf-8"), NO_STORE], reload.script(seen)
            )
        elif name == "events":
            stream = protocol.response_stream(200, [("content-type", "text/event-stream"), NO_STORE])
            async for text in reload.events(self._read, self._mine, seen):
                await stream.send_str(text)
        else:
            protocol.response_str(404, [("content-type", "text/plain"), NO_STORE], "Not found.\n")

    def _show_clock(self, query: str, protocol: Any) -> None:
        message = clocks.obey(self._clock, query)
        if message is None:
            protocol.response_empty(303, [("location", reload.PREFIX + "clock"), NO_STORE])
            return
        page = clocks.page(self._clock, message)
        protocol.response_str(400 if message else 200, [("content-type", HTML), NO_STORE], page)


def _is_page(scope: Any) -> bool:
    """A visit that shows a page; ``curl`` and ``fetch`` get what the production server sends."""
    accepted: str = scope.headers.get("accept") or ""
    return scope.method == "GET" and "text/html" in accepted


def _building(protocol: Any, number: int) -> None:
    page = f"<!doctype html><title>isrgen dev</title><p>The first build is under way.{reload.tag(number)}"
    protocol.response_str(503, [("content-type", HTML), NO_STORE], page)


class PageScope:
    """A scope without the request fields that ask for other bytes than the page's own."""

    def __init__(self, scope: Any) -> None:
        self._scope = scope
        self.headers = PageHeaders(scope.headers)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._scope, name)


class PageHeaders:
    """granian's headers without ``_DROPPED``."""

    def __init__(self, headers: Any) -> None:
        self._headers = headers

    def __getattr__(self, name: str) -> Any:
        return getattr(self._headers, name)

    def __contains__(self, name: str) -> bool:
        return name.lower() not in _DROPPED and name in self._headers

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def keys(self) -> list[str]:
        return [name for name, _ in self.items()]

    def values(self) -> list[str]:
        return [value for _, value in self.items()]

    def items(self) -> Pairs:
        return [(name, value) for name, value in self._headers.items() if name.lower() not in _DROPPED]

    def get(self, name: str, default: Any = None) -> Any:
        return self._headers.get(name, default) if name in self else default

    def get_all(self, name: str) -> Any:
        return self._headers.get_all(name) if name in self else []


class Injecting:
    """A protocol that puts the reload script into every HTML response."""

    def __init__(self, protocol: Any, number: int) -> None:
        self._protocol = protocol
        self._number = number
        self._stream: Any = None

    def __call__(self) -> Any:
        return self._protocol()

    def __aiter__(self) -> Any:
        return self._protocol.__aiter__()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._protocol, name)

    def response_str(self, status: int, headers: Pairs, body: str) -> None:
        self.response_bytes(status, headers, body.encode())

    def response_bytes(self, status: int, headers: Pairs, body: bytes) -> None:
        if not _is_html(headers):
            self._protocol.response_bytes(status, headers, body)
            return
        self._protocol.response_bytes(status, _unsized(headers), reload.inject(body, self._number))

    def response_file(self, status: int, headers: Pairs, file: str) -> None:
        if not _is_html(headers):
            self._protocol.response_file(status, headers, file)
            return
        self.response_bytes(status, headers, Path(file).read_bytes())

    def response_stream(self, status: int, headers: Pairs) -> Any:
        stream = self._protocol.response_stream(status, headers)
        if _is_html(headers):
            self._stream = stream
        return stream

    async def finish(self) -> None:
        """A streamed page gets the script at its end."""
        if self._stream is not None:
            await self._stream.send_str(reload.tag(self._number))


def _is_html(headers: Pairs) -> bool:
    fields = {name.lower(): value for name, value in headers}
    return fields.get("content-type", "").startswith("text/html") and "content-encoding" not in fields


def _unsized(headers: Pairs) -> Pairs:
    return [(name, value) for name, value in headers if name.lower() != "content-length"]
