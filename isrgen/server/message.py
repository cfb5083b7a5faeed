"""A request and a response as the protocols of servers leave them: plain values, and bodies to be pulled."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from isrgen.caching.validation import etag_of
from isrgen.handlers.fallback import HTML, error_page

Pairs = list[tuple[str, str]]

# Connection fields are the server's own business (RFC 9110 section 7.6.1), and so are Date and Server.
_HOP: Final = frozenset(
    {
        "connection", "content-length", "date", "keep-alive", "proxy-connection", "server", "te", "trailer",
        "transfer-encoding", "upgrade",
    }
)  # fmt: skip


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
    """

    method: str
    path: str
    raw_path: bytes | None
    query: str
    headers: Pairs
    peer: str
    read_body: Callable[[int], Awaitable[bytes]]

    def get(self, name: str) -> str | None:
        """A header by its lower-case name, its lines joined."""
        values = [value for key, value in self.headers if key == name]
        return ("; " if name == "cookie" else ", ").join(values) if values else None


@dataclass(frozen=True, slots=True)
class FilePart:
    """Bytes of a file: from ``start`` up to ``end``, of ``size``."""

    path: Path
    start: int
    end: int
    size: int


@dataclass(slots=True)
class Outgoing:
    """One response: a body, a stream, or a part of a file."""

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


def finished(method: str, outgoing: Outgoing) -> Outgoing:
    """A response ready for the wire: its length and validator told, no body where HTTP allows none."""
    bodiless = outgoing.status in (204, 205, 304)
    headers = [(name, value) for name, value in outgoing.headers if name.lower() not in _HOP]
    if outgoing.stream is None and outgoing.body and not any(name.lower() == "etag" for name, _ in headers):
        headers.append(("ETag", etag_of(outgoing.body)))
    if bodiless:
        headers = [(name, value) for name, value in headers if name.lower() != "content-type"]
    elif outgoing.length is not None:
        headers.append(("Content-Length", str(outgoing.length)))
    if bodiless or method == "HEAD":
        return Outgoing(outgoing.status, headers)
    return Outgoing(outgoing.status, headers, outgoing.body, outgoing.stream, outgoing.file)


def error_response(status: int, *headers: tuple[str, str], message: str = "") -> Outgoing:
    """A small page that says what went wrong, for one visitor."""
    pairs = [("Content-Type", HTML), ("Cache-Control", "private, no-store"), *headers]
    return Outgoing(status, pairs, error_page(status, message).encode())
