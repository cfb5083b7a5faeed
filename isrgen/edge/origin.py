"""The origin of an application that isrgen did not build: what is asked of it, and what it answers.

``isrgen edge`` asks over HTTP, ``EdgeCache`` calls an ASGI application. Header
names are lower case, values are text in which each character is one byte
(latin-1), and both keep their order. A request's ``target`` is exactly what
the visitor sent: the raw path and, after ``?``, the raw query.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from isrgen.caching.stored import HeaderPairs


class OriginError(Exception):
    """The origin gave no response that could be used; ``status`` is what a visitor is told.

    502: it could not be reached, or answered what is not HTTP. 504: it did not
    answer in time. Its text is for the log, never for visitors.
    """

    def __init__(self, message: str, status: int = 502) -> None:
        super().__init__(message)
        self.status = status


class TruncatedError(OriginError):
    """The body of a response ended before its end; nothing of it may be kept."""


@dataclass(frozen=True, slots=True)
class OriginRequest:
    """One request. ``host`` is the authority without a default port, in lower case.

    ``body`` is None where the request has none; it can be read once. ``client``
    is the visitor's address, for ``Forwarded``.
    """

    method: str
    scheme: str
    host: str
    target: str
    headers: HeaderPairs
    body: AsyncIterator[bytes] | None = None
    client: str = ""


@dataclass(frozen=True, slots=True)
class OriginResponse:
    """The head of a response and its body to come, raising TruncatedError when that is cut off.

    Whoever takes one reads the body to its end or calls its ``aclose``.
    """

    status: int
    headers: HeaderPairs
    body: AsyncIterator[bytes]


class Origin(Protocol):
    """What stands behind the cache."""

    async def fetch(self, request: OriginRequest) -> OriginResponse:
        """Send the request once, never again; raises OriginError."""
        ...

    async def close(self) -> None: ...
