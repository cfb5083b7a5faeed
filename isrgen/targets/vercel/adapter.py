"""Between Vercel and the site: which page an invocation is about, and who asks for it.

This file is carried into the function and runs there by itself; it knows the
routes from a table, and no more of isrgen.

A prerender function is invoked with a path inside the deployment
(``/_isr/blog__slug``), with the visitor's path, or in the background with
neither visitor nor cookies. The visitor's path comes from the header
``x-now-route-matches``, else the query's ``__isr_path``, else it is the path
itself. All of these are told by the platform, but a visitor can try to say
them too: what does not match the function's own pattern, or disagrees, is a
400, and no 400 is ever kept.

What a prerender renders is kept for everybody, so the site gets a clean
request: the path and the declared query. A request that bypasses the kept
page comes with ``__isr_bypass`` and is answered for its visitor alone. A
prerender never receives that parameter, since it is not in its
``allowQuery``: without it a request is clean, which is the safe side.
What comes of a clean request leaves without ``Set-Cookie``.
"""

import logging
import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote, unquote_plus

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

log = logging.getLogger("isrgen")

PATH: Final = "__isr_path"
BYPASS: Final = "__isr_bypass"
_MATCHES: Final = b"x-now-route-matches"
_PRERENDER: Final = "/_isr/"
_SERVER: Final = "/__server"
_ADMIN: Final = "/_isrgen/"
_SAFE: Final = "/%-._~!$&'()*+,;=:@"

_CACHE_FIELDS: Final = frozenset(
    {
        b"cache-control",
        b"cdn-cache-control",
        b"vercel-cdn-cache-control",
        b"vercel-cache-tag",
        b"cache-tag",
        b"surrogate-control",
        b"surrogate-key",
        b"expires",
    }
)


@dataclass(frozen=True)
class Known:
    """One on-demand route of the table; ``function`` is empty where the plain function answers."""

    path: "re.Pattern[str]"
    function: str
    query: frozenset[str]
    private: bool


@dataclass(frozen=True)
class Asked:
    """What an invocation is about: ``path`` and ``query`` are the visitor's, as they were sent."""

    path: str
    query: tuple[str, ...]
    route: Known | None
    bypass: bool

    @property
    def clean(self) -> bool:
        return self.route is not None and bool(self.route.function) and not self.bypass

    @property
    def private(self) -> bool:
        return self.bypass or (self.route is not None and self.route.private)


class Adapter:
    """An ASGI application around the site's own."""

    def __init__(self, site: Application, table: dict[str, Any]) -> None:
        self._site = site
        self._routes = tuple(
            Known(re.compile(row["path"]), row["function"], frozenset(row["query"]), row["private"])
            for row in table["routes"]
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._site(scope, receive, send)
            return
        asked = self.asked(_raw_path(scope), scope.get("query_string", b""), scope["headers"])
        if asked is None:
            await _refuse(scope["method"], send)
        elif asked.clean and scope["method"] in ("GET", "HEAD"):
            await self._site(_clean(scope, asked), _without_body(receive), _for_everybody(send, asked.path))
        elif asked.clean:
            await self._site(_visitors(scope, asked), receive, _privately(send))
        else:
            await self._site(_visitors(scope, asked), receive, _privately(send) if asked.private else send)

    def asked(self, raw_path: str, query: bytes, headers: "list[tuple[bytes, bytes]]") -> Asked | None:
        """What this invocation is about; None where what it says does not agree."""
        pairs = [pair for pair in query.decode("latin-1").split("&") if pair]
        told = [unquote_plus(_value(pair)) for pair in pairs if _name(pair) == PATH]
        bypass = any(_name(pair) == BYPASS for pair in pairs)
        rest = tuple(pair for pair in pairs if _name(pair) not in (PATH, BYPASS))
        internal = raw_path == _SERVER or raw_path.startswith(_PRERENDER)
        path = self._path(raw_path, internal, _from_matches(headers) + told)
        if path is None:
            return None
        route = next((route for route in self._routes if route.path.fullmatch(path)), None)
        if internal and not _through(raw_path, path, route):
            return None
        return Asked(path, rest, route, bypass)

    def _path(self, raw_path: str, internal: bool, told: list[str]) -> str | None:
        """The visitor's path: all that name one must name the same."""
        named = [quote(path, safe=_SAFE) for path in told] if internal else [raw_path]
        if not named or any(unquote(path) != unquote(named[0]) for path in told):
            return None
        return named[0]


def _through(raw_path: str, path: str, route: Known | None) -> bool:
    """Can this path have led to that output?

    The plain function answers for all routes and for the admin; a prerender
    below a route's own answers for one of its paths.
    """
    if route is None:
        return raw_path == _SERVER and (path + "/").startswith(_ADMIN)
    return raw_path == _SERVER or f"{raw_path}/".startswith(f"/{route.function}/")


def _from_matches(headers: "list[tuple[bytes, bytes]]") -> list[str]:
    found = []
    for name, value in headers:
        if name.lower() == _MATCHES:
            found += [path for key, path in parse_qsl(value.decode("latin-1")) if key == PATH]
    return found


def _raw_path(scope: Scope) -> str:
    raw = scope.get("raw_path")
    if raw:
        return bytes(raw).decode("latin-1").split("?", 1)[0]
    return quote(scope["path"], safe=_SAFE.replace("%", ""))


def _name(pair: str) -> str:
    return unquote_plus(pair.split("=", 1)[0])


def _value(pair: str) -> str:
    return pair.partition("=")[2]


def _visitors(scope: Scope, asked: Asked) -> Scope:
    """The visitor's request without what was said between the platform and us."""
    headers = [(name, value) for name, value in scope["headers"] if name.lower() != _MATCHES]
    return _with(scope, asked.path, asked.query, headers)


def _clean(scope: Scope, asked: Asked) -> Scope:
    """A request that holds exactly the key: the path and the declared query.

    No header but Host: not even ``Accept-Language`` is in the key of a
    prerender, and an ``If-None-Match`` or ``Range`` would have a fragment
    kept. HEAD becomes GET, or a page without its body would be kept.
    """
    declared = asked.route.query if asked.route is not None else frozenset()
    query = tuple(pair for pair in asked.query if _name(pair) in declared)
    host = [(name, value) for name, value in scope["headers"] if name.lower() == b"host"]
    return {**_with(scope, asked.path, query, host), "method": "GET", "client": None}


def _with(scope: Scope, path: str, query: tuple[str, ...], headers: "list[tuple[bytes, bytes]]") -> Scope:
    return {
        **scope,
        "path": unquote(path),
        "raw_path": path.encode("latin-1", "replace"),
        "query_string": "&".join(query).encode("latin-1", "replace"),
        "headers": headers,
    }


def _without_body(receive: Receive) -> Receive:
    async def receiving() -> Message:
        message = await receive()
        if message["type"] != "http.request":
            return message
        return {"type": "http.request", "body": b"", "more_body": False}

    return receiving


def _privately(send: Send) -> Send:
    async def sending(message: Message) -> None:
        await send(_private(message) if message["type"] == "http.response.start" else message)

    return sending


def _private(message: Message, dropped: "frozenset[bytes]" = _CACHE_FIELDS) -> Message:
    kept = [(n, v) for n, v in message.get("headers", ()) if bytes(n).lower() not in dropped]
    return {**message, "headers": [*kept, (b"cache-control", b"private, no-store")]}


def _for_everybody(send: Send, path: str) -> Send:
    """Let no cookie out, and no private answer without a word: what a prerender answers may be kept."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start" and _is_private(message.get("headers", ())):
            if message["status"] < 500:
                log.error(
                    "%s: the answer for everybody is a private one (%s), or sets a cookie. Vercel may keep "
                    "it all the same; take `cache` from this route, or `Set-Cookie` from its answer.",
                    path,
                    message["status"],
                )
            message = _private(message, _CACHE_FIELDS | {b"set-cookie"})
        await send(message)

    return sending


def _is_private(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Has the site judged it to be one visitor's, or does it set a cookie?"""
    told = [(bytes(name).lower(), bytes(value).lower()) for name, value in headers]
    return any(
        name == b"set-cookie" or (name == b"cache-control" and (b"private" in value or b"no-store" in value))
        for name, value in told
    )


async def _refuse(method: str, send: Send) -> None:
    body = b"Bad Request: the internal path parameter disagrees with the path.\n"
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"private, no-store"),
    ]
    await send({"type": "http.response.start", "status": 400, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})
