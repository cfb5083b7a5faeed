"""One question to an origin, and what its answer means to a cache.

What may be kept is read whole before it is judged to have arrived; what may
not is handed on as it comes. An origin that does not answer, breaks off, or
answers what is not HTTP has not been reached, and nothing of it is kept.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Final

from isrgen.caching.freshening import conditions, confirms, freshened
from isrgen.caching.received import received
from isrgen.caching.selecting import is_ambiguous
from isrgen.caching.stored import HeaderPairs, Stored
from isrgen.edge.landing import dispose, failure
from isrgen.edge.origin import Origin, OriginError, OriginRequest, OriginResponse, TruncatedError
from isrgen.http.answer import Answer, Outcome, Shared
from isrgen.http.headers import Headers
from isrgen.http.hops import without_hops

log = logging.getLogger("isrgen")

CONDITIONS: Final = frozenset(
    {"if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "range"}
)
"""What is not asked of the origin for the whole response: the cache answers it itself, or may leave it
unheeded (RFC 9110 sections 13.1.1 and 13.1.4)."""

_BODILESS: Final = frozenset({204, 304})

_WORDS: Final = {
    400: "This request cannot be sent on.",
    502: "The origin did not answer as it should.",
    504: "The origin took too long.",
}


class Inquiry:
    """Asks ``origin``; bodies of up to ``max_body`` bytes, and ``patience`` seconds, are read to be kept."""

    def __init__(
        self, origin: Origin, clock: Callable[[], float], max_body: int, patience: float = 30.0
    ) -> None:
        self._origin = origin
        self._clock = clock
        self._max_body = max_body
        self._patience = patience

    async def whole(self, request: OriginRequest, previous: Stored | None) -> Answer:
        """The whole response, to be kept if that is allowed.

        ``previous`` is what the store holds for this request; the origin is
        asked whether that still holds.
        """
        asked = replace(request, headers=tuple(pair for pair in request.headers if pair[0] not in CONDITIONS))
        ours = conditions(previous.headers) if previous is not None else ()
        answer = await self.ask(replace(asked, headers=(*asked.headers, *ours)), previous)
        if answer.status != 304 or answer.outcome is not Outcome.DONE:
            return answer
        await dispose(answer)
        if ours:
            # It is about another response than the one it was asked about (RFC 9111 section 4.3.4).
            answer = await self.ask(asked)
            if answer.status != 304:
                return answer
            await dispose(answer)
        return self._unreachable(request, OriginError("304 to a request without a condition"))

    async def ask(self, request: OriginRequest, previous: Stored | None = None) -> Answer:
        """What the origin answers to exactly this request; what ``previous`` holds of it is made whole."""
        asked_at = self._clock()
        try:
            response = await self._origin.fetch(request)
        except OriginError as error:
            return self._unreachable(request, error)
        try:
            headers = Headers(without_hops((name.lower(), value) for name, value in response.headers))
        except ValueError as error:
            await _close(response.body)
            return self._unreachable(request, OriginError(str(error)))
        if response.status == 304 and previous is not None and confirms(previous.headers, headers.pairs()):
            await _close(response.body)
            return self.renewed(request, previous, headers.pairs(), asked_at)
        answer = self._judged(request, response.status, headers, asked_at)
        answer.stream = response.body
        if answer.shared is None or request.method == "HEAD":
            return answer
        return await self._read(request, response, answer, asked_at + self._patience)

    def renewed(self, request: OriginRequest, previous: Stored, head: HeaderPairs, asked_at: float) -> Answer:
        """What is stored, with the fields of a newer head of it, which came for ``request``."""
        merged = Headers(freshened(previous.headers, head))
        answer = self._judged(request, previous.status, merged, asked_at)
        answer.body, answer.renewed = previous.body, True
        return answer

    def _judged(self, request: OriginRequest, status: int, headers: Headers, asked_at: float) -> Answer:
        authorized = any(name == "authorization" for name, _ in request.headers)
        leave = received(status, headers.pairs(), asked_at=asked_at, now=self._clock(), authorized=authorized)
        if isinstance(leave, str):
            return Answer(status, headers, reason=leave)
        if is_ambiguous(request.headers, leave.vary):
            return Answer(status, headers, reason="vary")
        shared = Shared(
            leave.lifetime,
            leave.vary,
            leave.tags,
            initial_age=leave.initial_age,
            if_disconnected=leave.if_disconnected,
            for_authorized=leave.for_authorized,
        )
        return Answer(status, headers, shared=shared)

    async def _read(
        self, request: OriginRequest, response: OriginResponse, answer: Answer, until: float
    ) -> Answer:
        """Read the body of what may be kept; what is too large or too slow goes on as it comes, unkept."""
        if answer.status in _BODILESS:
            await _close(response.body)
            answer.stream = None
            return answer
        length = _length(answer.headers)
        if length is not None and length > self._max_body:
            return _not_kept(answer, response.body, "too-large")
        chunks: list[bytes] = []
        size = 0
        try:
            async for chunk in response.body:
                chunks.append(chunk)
                size += len(chunk)
                if size > self._max_body or self._clock() > until:
                    reason = "too-large" if size > self._max_body else "too-slow"
                    return _not_kept(answer, _Rest(b"".join(chunks), response.body), reason)
            if length is not None and size != length:
                raise TruncatedError(f"{size} bytes of {length}")
        except OriginError as error:
            return self._unreachable(request, error)
        except asyncio.CancelledError:
            await _close(response.body)
            raise
        answer.body, answer.stream = b"".join(chunks), None
        return answer

    def _unreachable(self, request: OriginRequest, error: OriginError) -> Answer:
        log.warning("%s %s://%s%s: %s", request.method, request.scheme, request.host, _path(request), error)
        outcome = Outcome.FAILED if error.status < 500 else Outcome.UNREACHABLE
        return failure(error.status, _WORDS.get(error.status, _WORDS[502]), outcome)


def _not_kept(answer: Answer, stream: AsyncIterator[bytes], reason: str) -> Answer:
    answer.shared, answer.stream, answer.reason = None, stream, reason
    return answer


class _Rest:
    """What was read of a body, then what is to come; a generator would let go of nothing before it began."""

    def __init__(self, start: bytes, rest: AsyncIterator[bytes]) -> None:
        self._start = start
        self._rest = rest

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._start:
            start, self._start = self._start, b""
            return start
        return await anext(self._rest)

    async def aclose(self) -> None:
        self._start = b""
        await _close(self._rest)


def _length(headers: Headers) -> int | None:
    values = set(headers.getall("content-length"))
    only = next(iter(values)) if len(values) == 1 else ""
    return int(only) if only.isascii() and only.isdigit() and len(only) < 20 else None


def _path(request: OriginRequest) -> str:
    """Without the query, which may hold what is not for logs."""
    return request.target.partition("?")[0]


async def _close(body: AsyncIterator[bytes]) -> None:
    aclose = getattr(body, "aclose", None)
    if aclose is not None:
        await aclose()
