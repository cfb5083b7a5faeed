"""An origin reached over HTTP/1.1: what it is told, and what of its answer goes on.

The target goes out byte for byte, fields in their order. The fields that say
where a request came from are written here, from the request's own facts, so
that a refresh that no visitor asked for says the same as a visitor's request:
``Via``, ``Forwarded`` (RFC 7239) and the ``X-Forwarded-*`` that most
applications read.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Callable
from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

import h11

from isrgen.caching.stored import HeaderPairs
from isrgen.edge.origin import OriginError, OriginRequest, OriginResponse
from isrgen.edge.origins.pool import Pool
from isrgen.edge.origins.talk import Talk
from isrgen.edge.origins.upload import Upload
from isrgen.errors import IsrgenError
from isrgen.http.hops import without_hops

_OURS: Final = frozenset(
    {"content-length", "forwarded", "host", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"}
)
_PORTS: Final = {"http": 80, "https": 443}
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class HttpOrigin:
    """``http://host:port`` or ``https://``; certificates are checked against the machine's own authorities.

    ``via`` is this proxy's name in ``Via``, ``told_host`` what the origin is
    told in ``Host`` instead of what the visitor asked for. ``connections`` bounds
    how many there are at a time, of which bodies that come slowly may have half;
    the rest are seconds, as ``Pool`` and ``Talk`` have them, and for how long a
    visitor may take nothing of a response while others wait for a connection.
    """

    def __init__(
        self,
        url: str,
        *,
        via: str = "isrgen",
        told_host: str = "",
        connections: int = 100,
        keep: float = 1.5,
        connect_within: float = 5.0,
        wait_within: float = 10.0,
        answer_within: float = 60.0,
        silence: float = 60.0,
        idle_within: float = 3.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        parts = parse_origin(url)
        if parts.scheme == "https" and tls is None:
            tls = ssl.create_default_context()
            tls.set_alpn_protocols(["http/1.1"])
        self._via = via
        self._told_host = told_host
        self._answer_within = answer_within
        self._silence = silence
        self._idle_within = idle_within
        self._talks: set[Talk] = set()
        self._pool = Pool(
            parts.hostname or "",
            parts.port or _PORTS[parts.scheme],
            tls if parts.scheme == "https" else None,
            most=connections,
            keep=keep,
            connect_within=connect_within,
            wait_within=wait_within,
        )
        self._uploads = asyncio.Semaphore((connections + 1) // 2)

    async def fetch(self, request: OriginRequest) -> OriginResponse:
        """Send the request once; raises OriginError, and whatever reading ``request.body`` raises."""
        asked = self._request(request)
        if request.body is None:
            return await self._talk(asked, None, lambda: None)
        upload = Upload(request.body)
        try:
            await upload.begin()
            if upload.is_whole:
                return await self._talk(asked, upload, lambda: None)
            await self._pool.waited(self._uploads)
            return await self._talk(asked, upload, self._uploads.release)
        except BaseException:
            upload.close()
            raise

    async def _talk(
        self, asked: h11.Request, body: Upload | None, over: Callable[[], None]
    ) -> OriginResponse:
        """Ask over a connection; ``over`` is called when it is free again."""
        try:
            wire = await self._pool.take(self._shed)
        except BaseException:
            over()
            raise

        def done(usable: bool) -> None:
            self._talks.discard(talk)
            self._pool.release(wire, reusable=usable)
            over()

        talk = Talk(wire, done, answer_within=self._answer_within, silence=self._silence)
        self._talks.add(talk)
        response = await talk.ask(asked, body)
        return OriginResponse(response.status_code, _fields(response), talk)

    def _shed(self) -> None:
        """End the response that its visitor has not gone on reading for longest, if that is long."""
        now = asyncio.get_running_loop().time()
        idle = {talk: talk.idle_since for talk in self._talks if talk.idle_since is not None}
        longest = min(idle, key=lambda talk: idle[talk], default=None)
        if longest is not None and now - idle[longest] > self._idle_within:
            longest.give_up()

    async def close(self) -> None:
        self._pool.close()

    def _request(self, request: OriginRequest) -> h11.Request:
        headers = [
            ("host", self._told_host or request.host),
            *(pair for pair in without_hops(request.headers) if pair[0] not in _OURS),
            *self._forwarded(request),
            *_framing(request),
        ]
        try:
            return h11.Request(
                method=request.method.encode("latin-1"),
                target=request.target.encode("latin-1"),
                headers=[(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers],
            )
        except (h11.LocalProtocolError, UnicodeEncodeError) as error:
            raise OriginError(f"the request cannot be sent on: {error}", 400) from error

    def _forwarded(self, request: OriginRequest) -> HeaderPairs:
        """Where the request came from; a refresh came from no client."""
        via = [value for name, value in request.headers if name == "via"]
        client = _node(request.client)
        pairs = [("via", ", ".join([*via, f"1.1 {self._via}"]))]
        said = [f"for={client}"] if client else []
        said += [f"host={_quoted(request.host)}", f"proto={request.scheme}"]
        pairs.append(("forwarded", ";".join(said)))
        if client:
            pairs.append(("x-forwarded-for", request.client))
        return (*pairs, ("x-forwarded-host", request.host), ("x-forwarded-proto", request.scheme))


def parse_origin(url: str) -> SplitResult:
    """The parts of an origin's address; raises IsrgenError for one that is none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = SplitResult("", "", "", "", ""), None
    hint = "Write it as http://127.0.0.1:9000 or https://app.example."
    if parts.scheme not in _PORTS or not parts.hostname or port == 0 or not parts.hostname.isascii():
        raise IsrgenError(f"{_without_password(url)!r} is not the address of an HTTP server.", hint)
    if parts.username is not None or parts.password is not None:
        raise IsrgenError("The origin's address holds a user name or a password.", hint)
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise IsrgenError(
            f"The origin {url!r} has a path; requests go to the origin's own paths, as they come.",
            f"Write {parts.scheme}://{parts.netloc}.",
        )
    return parts


def _without_password(url: str) -> str:
    return re.sub(r"//[^/@]*@", "//", url)


def _framing(request: OriginRequest) -> HeaderPairs:
    """How the body's end is told: by the length that the visitor told, else by chunks."""
    lengths = tuple(pair for pair in request.headers if pair[0] == "content-length")
    if request.body is None:
        return lengths if lengths and lengths[0][1] == "0" else ()
    return lengths or (("transfer-encoding", "chunked"),)


def _fields(response: h11.Response) -> HeaderPairs:
    """The response's own; a length beside chunks means nothing (RFC 9112 section 6.3)."""
    pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers]
    chunked = any(name == "transfer-encoding" for name, _ in pairs)
    return tuple(pair for pair in without_hops(pairs) if not (chunked and pair[0] == "content-length"))


def _node(client: str) -> str:
    """An address as ``Forwarded`` writes it; what is none, a unix socket, is ``unknown``.

    >>> _node("10.1.2.3"), _node("::1"), _node("unix:"), _node("")
    ('10.1.2.3', '"[::1]"', 'unknown', '')
    """
    if not client:
        return ""
    try:
        address = ip_address(client)
    except ValueError:
        return "unknown"
    return f'"[{address}]"' if address.version == 6 else str(address)


def _quoted(text: str) -> str:
    return text if _TOKEN.fullmatch(text) else f'"{text}"'
