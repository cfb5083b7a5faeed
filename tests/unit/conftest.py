"""Small built sites written by hand, and a driver that speaks RSGI and ASGI to them in process."""

from __future__ import annotations

import asyncio
import hashlib
import textwrap
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from isrgen.caching.policy import CachePolicy, Lifetime
from isrgen.edge.open import open_store
from isrgen.handlers.renderer import Renderer
from isrgen.http.answer import Answer
from isrgen.http.request import Request
from isrgen.manifest import Manifest, NotFound, OutputFile, Route
from isrgen.render.templates import Templates
from isrgen.routing.match import Matcher
from isrgen.routing.pattern import Pattern
from isrgen.routing.priority import sort_key
from isrgen.routing.strategy import METHODS, Strategy
from isrgen.server.app import App, Settings, create_app
from isrgen.site.entry import Entry
from isrgen.site.snapshot import Facts, Snapshot

HOUR = Lifetime(3600, 86400)
ISR = CachePolicy(HOUR)
NO_POLICY = CachePolicy()


class FakeClock:
    """A clock that moves when it is told to."""

    def __init__(self, now: float = 1_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class Kit:
    """A site under construction: pages and modules in, a ``Renderer`` or an ``App`` out."""

    root: Path
    clock: FakeClock = field(default_factory=FakeClock)
    manifest: Manifest = field(default_factory=lambda: Manifest("b1", "https://example.org", True))
    facts: Facts = field(default_factory=lambda: Facts("Site", "https://example.org"))
    entries: dict[str, Entry] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    bodies: dict[str, str] = field(default_factory=dict)
    static: dict[str, bytes] = field(default_factory=dict)
    routes: list[Route] = field(default_factory=list)
    opened: list[Renderer] = field(default_factory=list)

    @property
    def server(self) -> Path:
        return self.root / "dist" / "server"

    def write(self, name: str, text: str) -> str:
        """A file of the site; its name."""
        file = self.server / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        return name

    def page(
        self,
        pattern: str,
        body: str | None = "ok",
        module: str = "",
        policy: CachePolicy = NO_POLICY,
        entry: dict[str, Any] | None = None,
        strategy: Strategy | None = None,
        **route: Any,
    ) -> Route:
        """A page with a template body and, perhaps, a module."""
        stem = f"content{pattern.rstrip('/') or '/index'}+ssr"
        source = f"{stem}.html" if body is not None else f"{stem}.py"
        url = pattern if "[" not in pattern else ""
        self.entries[source] = Entry(
            source, url=url, **{"template": source if body is not None else None, **(entry or {})}
        )
        if body is not None:
            self.bodies[source] = body
        made = Route(
            Pattern.parse(pattern),
            strategy or (Strategy.ISR if policy.lifetime else Strategy.SSR),
            source,
            "the file suffix +ssr",
            policy=policy,
            page=source,
            module=self.write(f"{stem}.py", module) if module else None,
            **route,
        )
        self.routes.append(made)
        return made

    def api(self, pattern: str, module: str, policy: CachePolicy = NO_POLICY, **route: Any) -> Route:
        """An API route."""
        source = self.write(f"content{pattern}+api.py", module)
        methods = tuple(name for name in METHODS if f"def {name}(" in module)
        made = Route(
            Pattern.parse(pattern),
            Strategy.API,
            source,
            "the file suffix +api",
            policy,
            module=source,
            methods=methods,
            **route,
        )
        self.routes.append(made)
        return made

    def not_found(self, prefix: str, body: str) -> None:
        source = f"content{prefix}+not-found.html"
        self.entries[source] = Entry(source, template=source, listed=False)
        self.bodies[source] = body
        file = f"{prefix.strip('/')}/404.html".lstrip("/")
        self.manifest = replace(
            self.manifest, not_found=(*self.manifest.not_found, NotFound(prefix, source, file))
        )

    def file(self, path: str, content: bytes, url: str = "", **facts: Any) -> OutputFile:
        """A file below ``static/``."""
        etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        facts.setdefault("content_type", "text/html; charset=utf-8")
        made = OutputFile(path, url or f"/{path}", etag=etag, size=len(content), **facts)
        self.manifest = replace(self.manifest, files=(*self.manifest.files, made))
        target = self.root / "dist" / "static" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        return made

    def change(self, **facts: Any) -> None:
        self.manifest = replace(self.manifest, **facts)

    def finished(self) -> Manifest:
        routes = tuple(sorted(self.routes, key=lambda route: sort_key(route.pattern)))
        return replace(self.manifest, routes=routes)

    def renderer(self, **options: Any) -> Renderer:
        templates = Templates.from_sources(None, self.bodies, strict=self.manifest.strict)
        snapshot = Snapshot(self.facts, self.entries, self.data)
        self.server.mkdir(parents=True, exist_ok=True)
        made = Renderer(
            self.finished(), snapshot, templates, self.server, clock=self.clock, pool_size=4, **options
        )
        self.opened.append(made)
        return made

    def app(self, **settings: Any) -> App:
        """Written to disk as a build writes it, and opened as a server opens it."""
        self.server.mkdir(parents=True, exist_ok=True)
        Snapshot(self.facts, self.entries, self.data).write(self.server)
        Templates.from_sources(None, self.bodies, strict=self.manifest.strict).compile(
            self.server / "templates"
        )
        (self.server / "manifest.json").write_text(self.finished().to_json(), encoding="utf-8")
        settings.setdefault("clock", self.clock)
        if settings.get("edge", True):
            settings.setdefault("store", open_store("memory:", root=self.root, shared=False))
        app = create_app(self.server, Settings(**settings))
        self.opened.append(app.renderer)
        return app


@pytest.fixture
def kit(tmp_path: Path) -> Iterator[Kit]:
    made = Kit(tmp_path)
    yield made
    for renderer in made.opened:
        renderer.close()


@pytest.fixture
def ask(kit: Kit) -> Callable[..., Answer]:
    """``ask(path, ...)`` renders one request with the kit's routes and gives its ``Answer``."""

    def go(path: str, method: str = "GET", run: bool = False, **request: Any) -> Answer:
        renderer = kit.opened[0] if kit.opened else kit.renderer()
        matcher = Matcher([(route.pattern, route) for route in kit.finished().routes])
        found = matcher.match([part for part in path.split("/") if part])
        assert found is not None, path
        route, params = found
        made = Request(method, path, params=params, base_url=kit.manifest.base_url, **request)
        return asyncio.run((renderer.run if run else renderer.answer)(route, made))

    return go


@dataclass
class Reply:
    """What a client would have seen."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    broken: bool = False

    def __getitem__(self, name: str) -> str:
        return ", ".join(value for key, value in self.headers if key.lower() == name.lower())

    def __contains__(self, name: str) -> bool:
        return any(key.lower() == name.lower() for key, _ in self.headers)

    @property
    def text(self) -> str:
        return self.body.decode()


class RsgiProtocol:
    """granian's side of one request."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self.reply: Reply | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self._body), 65536):
            yield self._body[start : start + 65536]

    async def client_disconnect(self) -> None:
        await asyncio.Event().wait()

    def _respond(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        assert self.reply is None, "answered twice"
        for name, value in headers:
            assert name == name.lower()
            assert all(" " <= character <= "~" for character in value), (name, value)
        self.reply = Reply(status, headers, body)

    def response_empty(self, status: int, headers: list[tuple[str, str]]) -> None:
        self._respond(status, headers, b"")

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self._respond(status, headers, body)

    def response_file(self, status: int, headers: list[tuple[str, str]], file: str) -> None:
        self._respond(status, headers, Path(file).read_bytes())

    def response_file_range(
        self, status: int, headers: list[tuple[str, str]], file: str, start: int, end: int
    ) -> None:
        self._respond(status, headers, Path(file).read_bytes()[start:end])

    def response_stream(self, status: int, headers: list[tuple[str, str]]) -> SimpleNamespace:
        self._respond(status, headers, b"")
        reply = self.reply
        assert reply is not None

        async def send_bytes(data: bytes) -> None:
            reply.body += data

        return SimpleNamespace(send_bytes=send_bytes)


class Headers:
    """granian's headers: pairs, without the lines that are not ASCII; ``keys`` names these as well."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._pairs = pairs

    def items(self) -> list[tuple[str, str]]:
        return [(name, value) for name, value in self._pairs if value.isascii()]

    def keys(self) -> list[str]:
        return list(dict.fromkeys(name.lower() for name, _ in self._pairs))

    def __contains__(self, wanted: str) -> bool:
        return any(name.lower() == wanted for name, _ in self._pairs)

    def get_all(self, wanted: str) -> list[str]:
        return [value for name, value in self.items() if name.lower() == wanted]

    def get(self, wanted: str) -> str | None:
        """The first line, and None where that one is not ASCII."""
        first = next((value for name, value in self._pairs if name.lower() == wanted), None)
        return first if first is not None and first.isascii() else None


class Driver:
    """Requests to one app, over one protocol, on one event loop; headers keep their order.

    ``host`` is what those say that name none; "" to leave it so.
    """

    def __init__(self, app: App, protocol: str) -> None:
        self.app = app
        self.protocol = protocol
        self.runner = asyncio.Runner()
        self.host = "example.org"

    def get(self, path: str, headers: dict[str, str] | None = None, **more: Any) -> Reply:
        return self.request("GET", path, headers, **more)

    def request(
        self,
        method: str,
        path: str,
        headers: dict[str, str] | list[tuple[str, str]] | None = None,
        body: bytes = b"",
        peer: str = "203.0.113.9",
    ) -> Reply:
        return self.run(self.send(method, path, headers, body, peer))

    def run(self, work: Any) -> Any:
        """Run a coroutine on the app's loop, then all that it left to do."""
        return self.runner.run(self._then_settle(work))

    async def _then_settle(self, work: Any) -> Any:
        result = await work
        me = asyncio.current_task()
        while others := [task for task in asyncio.all_tasks() if task is not me]:
            await asyncio.gather(*others, return_exceptions=True)
        return result

    async def send(
        self,
        method: str,
        path: str,
        headers: dict[str, str] | list[tuple[str, str]] | None = None,
        body: bytes = b"",
        peer: str = "203.0.113.9",
    ) -> Reply:
        pairs = list(headers.items()) if isinstance(headers, dict) else list(headers or [])
        if self.host and all(name.lower() != "host" for name, _ in pairs):
            pairs.insert(0, ("Host", self.host))
        if self.protocol == "rsgi":
            return await self._rsgi(method, path, pairs, body, peer)
        return await self._asgi(method, path, pairs, body, peer)

    async def _rsgi(
        self, method: str, path: str, headers: list[tuple[str, str]], body: bytes, peer: str
    ) -> Reply:
        from urllib.parse import unquote

        raw, _, query = path.partition("?")
        scope = SimpleNamespace(
            proto="http",
            method=method,
            path=unquote(raw, errors="replace"),
            query_string=query,
            headers=Headers(headers),
            client=f"{peer}:4711",
            server="127.0.0.1:1",
            scheme="http",
            http_version="1.1",
        )
        protocol = RsgiProtocol(body)
        await self.app.__rsgi__(scope, protocol)
        assert protocol.reply is not None
        return protocol.reply

    async def _asgi(
        self, method: str, path: str, headers: list[tuple[str, str]], body: bytes, peer: str
    ) -> Reply:
        from urllib.parse import unquote

        raw, _, query = path.partition("?")
        scope = {
            "type": "http",
            "method": method,
            "path": unquote(raw, errors="replace"),
            "raw_path": raw.encode("latin-1", "replace"),
            "query_string": query.encode("latin-1", "replace"),
            "headers": [(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in headers],
            "client": (peer, 4711),
        }
        sent: list[dict[str, Any]] = []
        asked = 0

        async def receive() -> dict[str, Any]:
            nonlocal asked
            asked += 1
            if asked > 1:
                await asyncio.Event().wait()
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        broken = sent[-1].get("more_body", False)
        start = sent[0]
        assert start["type"] == "http.response.start"
        return Reply(
            start["status"],
            [(k.decode("latin-1"), v.decode("latin-1")) for k, v in start["headers"]],
            b"".join(message["body"] for message in sent[1:]),
            broken,
        )


@pytest.fixture(params=["rsgi", "asgi"])
def drive(kit: Kit, request: pytest.FixtureRequest) -> Iterator[Callable[..., Driver]]:
    """``drive()`` starts the kit's app; each test runs over both protocols."""
    drivers: list[Driver] = []

    def start(**settings: Any) -> Driver:
        driver = Driver(kit.app(**settings), request.param)
        drivers.append(driver)
        return driver

    yield start
    for driver in drivers:
        driver.runner.run(driver.app.stop())
        driver.runner.close()
