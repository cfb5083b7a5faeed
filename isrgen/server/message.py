"""A request and a response as the protocols of servers leave them: plain values, and bodies to be pulled."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from isrgen.caching.fields import PRIVATE
from isrgen.caching.validation import etag_of
from isrgen.handlers.fallback import HTML, error_page
from isrgen.http.response import BODILESS
from isrgen.routing.urls import BadPathError, split_decoded, split_raw

Pairs = list[tuple[str, str]]

# Connection fields are the server's own business (RFC 9110 section 7.6.1), and so are Date and Server.
_HOP: Final = frozenset(
    {
        "connection", "content-length", "date", "keep-alive", "proxy-connection", "server", "te", "trailer",
        "transfer-encoding", "upgrade",
    }
)  # fmt: skip
_HOP_AND_TYPE: Final = _HOP | {"content-type"}


class UnreadBodyError(Exception):
    """The body of a request was not read to its end; ``status`` is the answer."""

    status = 400


class TooLargeError(UnreadBodyError):
    """It is larger than the server reads."""

    status = 413


class SlowBodyError(UnreadBodyError):
    """It did not arrive in time."""

    status = 408


class GoneError(Exception):
    """The client went away while its request was read."""


@dataclass(slots=True)
class Incoming:
    """One request. Names of ``headers`` are lower case; ``raw_path`` is None where the server decoded it.

    ``read_body`` takes the most bytes it may read and raises TooLargeError.
    ``scheme`` is that of the connection it came over.
    """

    method: str
    path: str
    raw_path: bytes | None
    query: str
    headers: Pairs
    peer: str
    read_body: Callable[[int], Awaitable[bytes]]
    scheme: str = "http"

    def get(self, name: str) -> str | None:
        """A header by its lower-case name, its lines joined."""
        values = [value for key, value in self.headers if key == name]
        return ("; " if name == "cookie" else ", ").join(values) if values else None

    def names(self) -> str:
        """The names of all headers in one text, in which a part of one is found at once."""
        return "\n".join([name for name, _ in self.headers])

    def split(self) -> tuple[tuple[str, ...], bool]:
        """The decoded segments of the path, and whether it ends in a slash; raises BadPathError."""
        try:
            (self.path + self.query).encode()
        except UnicodeEncodeError as error:
            raise BadPathError("the address is not UTF-8") from error
        if self.raw_path is not None:
            return split_raw(self.raw_path), self.raw_path.endswith(b"/")
        return split_decoded(self.path), self.path.endswith("/")


@dataclass(frozen=True, slots=True)
class FilePart:
    """Bytes of a file: from ``start`` up to ``end``, of ``size``."""

    path: Path
    start: int
    end: int
    size: int


@dataclass(slots=True)
class Outgoing:
    """One response: a body, a stream, or a part of a file. Names of ``headers`` are lower case."""

    status: int
    headers: Pairs = field(default_factory=list)
    body: bytes = b""
    stream: AsyncIterator[bytes] | None = None
    file: FilePart | None = None

    @property
    def length(self) -> int | None:
        """How many bytes the body has; None when nobody knows yet."""
        if self.stream is not None:
            return None
        return len(self.body) if self.file is None else self.file.end - self.file.start


def lowered(pairs: Iterable[tuple[str, str]]) -> Pairs:
    """Headers as an ``Outgoing`` has them; whatever comes after it need not look at case."""
    return [(name.lower(), value) for name, value in pairs]


def finished(method: str, outgoing: Outgoing) -> Outgoing:
    """A response ready for the wire: its length and validator told, no body where HTTP allows none."""
    bodiless = outgoing.status in BODILESS
    dropped = _HOP_AND_TYPE if bodiless else _HOP
    headers = [pair for pair in outgoing.headers if pair[0] not in dropped]
    if outgoing.body and outgoing.stream is None and "etag" not in {name for name, _ in headers}:
        headers.append(("etag", etag_of(outgoing.body)))
    if not bodiless and outgoing.length is not None:
        headers.append(("content-length", str(outgoing.length)))
    if bodiless or method == "HEAD":
        return Outgoing(outgoing.status, headers)
    return Outgoing(outgoing.status, headers, outgoing.body, outgoing.stream, outgoing.file)


def error_response(status: int, *headers: tuple[str, str], message: str = "") -> Outgoing:
    """A small page that says what went wrong, for one visitor."""
    pairs = [("content-type", HTML), ("cache-control", PRIVATE), *headers]
    return Outgoing(status, pairs, error_page(status, message).encode())


def refusal(method: str, message: str = "") -> Outgoing:
    """A 400, ready for the wire, for a request that is not looked into."""
    return finished(method, error_response(400, message=message))
