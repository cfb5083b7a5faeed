"""Files of ``dist/static``: exact URLs, validators, ranges, and the copies compressed ahead."""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from isrgen.caching.fields import IMMUTABLE, REVALIDATE
from isrgen.caching.stored import HeaderPairs
from isrgen.caching.validation import (
    Representation,
    Verdict,
    cut,
    evaluate,
    not_modified_headers,
)
from isrgen.http.bodies import MOST_HELD
from isrgen.http.headers import Headers
from isrgen.manifest import OutputFile
from isrgen.routing.urls import BadPathError, join, split_raw
from isrgen.server.message import FilePart, Incoming, Outgoing, Pairs, error_response, lowered

_IN_MEMORY: Final = 256 * 1024
_KEPT: Final = 64 * 2**20
_MOST_CUT: Final = MOST_HELD
_GZIP: Final = re.compile(
    r"(?:^|,)\s*(?:x-)?(gzip|\*)\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*)?(?=,|$)", re.I
)


@dataclass(frozen=True, slots=True)
class _Copy:
    """One representation of a file on disk, with the headers of every answer that has it."""

    path: Path
    etag: str
    headers: HeaderPairs


class StaticFiles:
    """The files of a manifest below ``folder``; the small ones stay in memory once they were sent."""

    def __init__(self, files: Iterable[OutputFile], folder: Path) -> None:
        self._folder = folder
        self._files = {_canonical(file.url): file for file in files}
        self._by_path = {file.path: file for file in self._files.values()}
        self._copies: dict[tuple[str, str], _Copy] = {}
        self._kept: OrderedDict[Path, bytes] = OrderedDict()
        self._size = 0

    def find(self, url: str) -> OutputFile | None:
        """The file with exactly this percent-encoded URL path."""
        return self._files.get(url)

    def at(self, path: str) -> OutputFile | None:
        """The file at this path below ``static/``."""
        return self._by_path.get(path)

    async def answer(self, file: OutputFile, incoming: Incoming) -> Outgoing | None:
        """The answer with this file; None when it is no longer on disk."""
        copy, size = self._choose(file, incoming)
        if size is None:
            return None
        what = Representation(size, copy.etag, None, file.content_type)
        verdict = Verdict(200) if file.status != 200 else evaluate(incoming.method, incoming.get, what)
        if verdict.status == 304:
            return Outgoing(304, not_modified_headers(copy.headers))
        if verdict.status == 412:
            return error_response(412)
        if verdict.status == 416:
            return Outgoing(416, _with(copy.headers, verdict))
        if verdict.boundary and size > _MOST_CUT:
            verdict = Verdict(200)
        outgoing = Outgoing(file.status if verdict.status == 200 else 206, _with(copy.headers, verdict))
        if incoming.method == "HEAD" or (size > _IN_MEMORY and not verdict.boundary):
            start, end = verdict.spans[0] if verdict.spans else (0, size)
            outgoing.file = FilePart(copy.path, start, end, size)
            return outgoing
        body = await self._read(copy, size)
        if body is None:
            return None
        outgoing.body = cut(verdict, body, what)
        return outgoing

    def _choose(self, file: OutputFile, incoming: Incoming) -> tuple[_Copy, int | None]:
        """The copy to send, and its size; None where it is no longer on disk."""
        # A range counts bytes of the file as it is.
        whole = incoming.get("range") is None
        if whole and "gzip" in file.encodings and accepts_gzip(incoming.get("accept-encoding") or ""):
            copy = self._copy(file, "gzip")
            size = self._size_of(copy)
            if size is not None:
                return copy, size
        copy = self._copy(file, "")
        return copy, self._size_of(copy)

    def _copy(self, file: OutputFile, encoding: str) -> _Copy:
        copy = self._copies.get((file.path, encoding))
        if copy is None:
            copy = self._copies[file.path, encoding] = _made(self._folder / file.path, file, encoding)
        return copy

    def _size_of(self, copy: _Copy) -> int | None:
        """What is in memory is of the build that is served, whatever became of the file since."""
        kept = self._kept.get(copy.path)
        if kept is not None:
            return len(kept)
        try:
            return copy.path.stat().st_size
        except OSError:
            return None

    async def _read(self, copy: _Copy, size: int) -> bytes | None:
        kept = self._kept.get(copy.path)
        if kept is not None:
            self._kept.move_to_end(copy.path)
            return kept
        try:
            if size > _IN_MEMORY:
                return await asyncio.to_thread(copy.path.read_bytes)
            body = copy.path.read_bytes()
        except OSError:
            return None
        self._keep(copy.path, body)
        return body

    def _keep(self, path: Path, body: bytes) -> None:
        self._size += len(body)
        self._kept[path] = body
        while self._size > _KEPT:
            self._size -= len(self._kept.popitem(last=False)[1])


def accepts_gzip(field: str) -> bool:
    """Whether Accept-Encoding takes gzip (RFC 9110 section 12.5.3).

    >>> accepts_gzip("br, gzip;q=0.5"), accepts_gzip("gzip;q=0, *"), accepts_gzip("")
    (True, False, False)
    """
    weights = {name.lower(): float(weight or 1) for name, weight in _GZIP.findall(field)}
    return weights.get("gzip", weights.get("*", 0.0)) > 0


def _made(path: Path, file: OutputFile, encoding: str) -> _Copy:
    etag = file.etag
    headers = Headers(file.headers)
    headers.set("Content-Type", file.content_type)
    headers.set("Cache-Control", IMMUTABLE if file.immutable else REVALIDATE)
    if encoding:
        path, etag = path.with_name(f"{path.name}.gz"), _with_suffix(etag)
        headers.set("Content-Encoding", encoding)
    headers.set("ETag", etag)
    if file.encodings:
        headers.set("Vary", "Accept-Encoding")
    headers.set("Accept-Ranges", "bytes")
    return _Copy(path, etag, tuple(lowered(headers.pairs())))


def _with_suffix(etag: str) -> str:
    """Another representation has another validator (RFC 9110 section 8.8.3.3)."""
    return f'{etag[:-1]}-gzip"' if etag.endswith('"') else etag


def _with(headers: HeaderPairs, verdict: Verdict) -> Pairs:
    """The headers of a copy, those that a verdict brings in place of its own."""
    if not verdict.headers:
        return list(headers)
    brought = lowered(verdict.headers)
    names = {name for name, _ in brought}
    return [*(pair for pair in headers if pair[0] not in names), *brought]


def _canonical(url: str) -> str:
    try:
        return join(split_raw(url), url.endswith("/"))
    except BadPathError:
        return url
