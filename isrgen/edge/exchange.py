"""What the edge asks of whoever renders, and what it hands to whoever sends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from enum import Enum

from isrgen.caching.status import CacheStatus
from isrgen.caching.stored import HeaderPairs
from isrgen.http.answer import Answer

Regenerate = Callable[[str, HeaderPairs], Awaitable[Answer] | None]
"""A render with exactly a key and the varied headers of one variant; None when no route has that key."""


class Ask(Enum):
    """How much of a response a request asks for.

    What is asked for less than the whole cannot be kept: when nothing is
    stored, or for the head alone, the request goes to the origin as it is.
    """

    WHOLE = "all of it"
    PART = "a part, or on a condition that only the origin can judge"
    HEAD = "its head"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One GET or HEAD request for something that may be kept.

    ``key`` comes from ``caching.keys.cache_key``; "" is never kept. ``bypass``
    says why the request goes past the cache: ``cookie``, ``authorization``,
    ``draft``, or "" when it does not. ``selecting`` gives this request's
    normalised values of the named fields. ``visitor`` renders with the
    visitor's own request, ``clean`` with exactly the key and those headers. A
    request that is ``authorized`` carries credentials and yet may be answered
    from what allows it (RFC 9111 section 3.5).
    """

    key: str
    bypass: str
    selecting: Callable[[tuple[str, ...]], HeaderPairs]
    visitor: Callable[[], Awaitable[Answer]]
    clean: Callable[[HeaderPairs], Awaitable[Answer]]
    ask: Ask = Ask.WHOLE
    authorized: bool = False


@dataclass(frozen=True, slots=True)
class Served:
    """What to send.

    ``headers`` are final but for ``Age``, ``ETag`` and ``Cache-Status``, which
    stand in their own fields; ``etag`` is "" for a stream. ``body`` is whole
    also for HEAD.
    """

    status: int
    headers: HeaderPairs
    body: bytes
    stream: AsyncIterator[bytes] | None
    etag: str
    age: int | None
    cache_status: CacheStatus
