"""What a loader, an API function or middleware may return or raise."""

from __future__ import annotations

import json
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from typing import Any, Final
from urllib.parse import quote

from isrgen.http.headers import Headers, HeadersLike
from isrgen.http.reads import where

Stream = Iterator[bytes | str] | AsyncIterator[bytes | str]

BODILESS: Final = frozenset({204, 205, 304})
"""Statuses of responses that have no body (RFC 9110 sections 15.3.5, 15.3.6 and 15.4.5)."""

REDIRECTS: Final = (301, 302, 303, 307, 308)
"""Statuses that send a visitor on (RFC 9110 section 15.4)."""


class Response(Exception):  # noqa: N818  (it is an answer that may be raised, not an error)
    """An answer, sent as it is.

    ``body``: str (HTML unless the headers say otherwise), bytes, dict or list
    (JSON), or an iterator or async iterator of str or bytes, which is
    streamed. Raises ValueError for a status outside 200 to 599 and for headers
    HTTP does not allow, TypeError for any other body.
    """

    def __init__(self, body: Any = "", status: int = 200, headers: HeadersLike | None = None) -> None:
        super().__init__(status)
        if not isinstance(status, int) or isinstance(status, bool) or not 200 <= status <= 599:
            raise ValueError(f"{status!r} is not a status that a response can have")
        self.status = status
        self.headers = headers.copy() if isinstance(headers, Headers) else Headers(headers)
        self.headers.place_vary(where)
        content, self.stream, media = _content(body)
        self._body = b"" if status in BODILESS else content
        if media and status not in BODILESS and "content-type" not in self.headers:
            self.headers.set("Content-Type", media)

    @property
    def body(self) -> bytes:
        return self._body

    @body.setter
    def body(self, body: Any) -> None:
        """Put another body in place; the headers stay as they are."""
        self._body, self.stream, _ = _content(body)

    def copy(self) -> Response:
        """The same answer with headers of its own; a stream can be read by one of the two only."""
        fresh = Response(status=self.status, headers=self.headers)
        fresh.headers = self.headers.copy()
        fresh._body, fresh.stream = self._body, self.stream
        return fresh

    def text(self) -> str:
        """The body decoded as UTF-8; empty for a stream."""
        return self.body.decode("utf-8", "replace")

    def __repr__(self) -> str:
        return f"<Response {self.status}>"


class NotFoundResponse(Response):
    """A 404 whose body is the nearest ``+not-found`` page."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message, 404, {"Content-Type": "text/plain; charset=utf-8"})
        self.message = message

    def copy(self) -> Response:
        fresh = NotFoundResponse(self.message)
        fresh.headers = self.headers.copy()
        return fresh


def redirect(to: str, status: int = 302) -> Response:
    """A redirect, to return or to raise; raises ValueError for a status that is not one."""
    if status not in REDIRECTS:
        *most, last = map(str, REDIRECTS)
        raise ValueError(f"{status!r} is not the status of a redirect: {', '.join(most)} or {last}")
    return Response(b"", status, {"Location": _location(to)})


def not_found(message: str = "") -> Response:
    """A 404 with the nearest ``+not-found`` page, to return or to raise."""
    return NotFoundResponse(message)


def _location(to: str) -> str:
    if not isinstance(to, str):
        raise TypeError(f"the target of a redirect is a string, not {to!r}")
    return quote(to, safe="/:?#[]@!$&'()*+,;=%-._~")


def _content(body: Any) -> tuple[bytes, Stream | None, str]:
    match body:
        case None:
            return b"", None, ""
        case str():
            return body.encode("utf-8", "replace"), None, "text/html; charset=utf-8"
        case bytes() | bytearray() | memoryview():
            return bytes(body), None, "application/octet-stream" if body else ""
        case dict() | list():
            text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
            return text.encode("utf-8"), None, "application/json"
        case AsyncIterable():
            return b"", aiter(body), "text/html; charset=utf-8"
        case Iterable():
            return b"", iter(body), "text/html; charset=utf-8"
        case _:
            raise TypeError(
                f"the body of a Response is {type(body).__name__};"
                " it may be str, bytes, dict, list, or an iterator of str or bytes"
            )
