"""Files of ``dist/static``: exact URLs, validators, ranges, and the copies compressed ahead."""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from isrgen.caching.fields import REVALIDATE
from isrgen.caching.validation import (
    Representation,
    Verdict,
    cut,
    evaluate,
    not_modified_headers,
)
from isrgen.http.headers import Headers
from isrgen.manifest import OutputFile
from isrgen.routing.urls import BadPathError, join, split_raw
from isrgen.server.message import FilePart, Incoming, Outgoing, Pairs

IMMUTABLE: Final = "public, max-age=31536000, immutable"

_IN_MEMORY: Final = 256 * 1024
_KEPT: Final = 64 * 2**20
_MOST_CUT: Final = 10 * 2**20
_GZIP: Final = re.compile(
    r"(?:^|,)\s*(?:x-)?(gzip|\*)\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*)?(?=,|$)", re.I
)


@dataclass(frozen=True, slots=True)
class _Copy:
    """One representation of a file on disk."""

    path: Path
    size: int
    etag: str
    encoding: str = ""


class StaticFiles:
    """The files of a manifest below ``folder``; the small ones stay in memory once they were sent."""

    def __init__(self, files: Iterable[OutputFile], folder: Path) -> None:
        self._folder = folder
        self._files = {_canonical(file.url): file for file in files}
        self._by_path = {file.path: file for file in self._files.values()}
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
        copy = self._choose(file, incoming)
        if copy is None:
            return None
        headers = self._headers(file, copy)
        what = Representation(copy.size, copy.etag, None, file.content_type)
        verdict = Verdict(200) if file.status != 200 else evaluate(incoming.method, incoming.get, what)
        if verdict.status == 304:
            return Outgoing(304, not_modified_headers(headers))
        if verdict.status == 416:
            return Outgoing(416, [*_without(headers, verdict), *verdict.headers])
        if verdict.boundary and copy.size > _MOST_CUT:
            verdict = Verdict(200)
        outgoing = Outgoing(file.status if verdict.status == 200 else 206)
        outgoing.headers = [*_without(headers, verdict), *verdict.headers]
        if incoming.method == "HEAD" or (copy.size > _IN_MEMORY and not verdict.boundary):
            start, end = verdict.spans[0] if verdict.spans else (0, copy.size)
            outgoing.file = FilePart(copy.path, start, end, copy.size)
            return outgoing
        body = await self._read(copy)
        if body is None:
            return None
        outgoing.body = cut(verdict, body, what)
        return outgoing

    def _choose(self, file: OutputFile, incoming: Incoming) -> _Copy | None:
        plain = self._folder / file.path
        # A range counts bytes of the file as it is.
        whole = incoming.get("range") is None
        if whole and "gzip" in file.encodings and accepts_gzip(incoming.get("accept-encoding") or ""):
            copy = _copy(plain.with_name(plain.name + ".gz"), _with_suffix(file.etag), "gzip")
            if copy is not None:
                return copy
        return _copy(plain, file.etag)

    def _headers(self, file: OutputFile, copy: _Copy) -> Pairs:
        headers = Headers(file.headers)
        headers.set("Content-Type", file.content_type)
        headers.set("Cache-Control", IMMUTABLE if file.immutable else REVALIDATE)
        headers.set("ETag", copy.etag)
        if copy.encoding:
            headers.set("Content-Encoding", copy.encoding)
        if file.encodings:
            headers.set("Vary", "Accept-Encoding")
        headers.set("Accept-Ranges", "bytes")
        return list(headers.pairs())

    async def _read(self, copy: _Copy) -> bytes | None:
        kept = self._kept.get(copy.path)
        if kept is not None and len(kept) == copy.size:
            self._kept.move_to_end(copy.path)
            return kept
        try:
            if copy.size > _IN_MEMORY:
                return await asyncio.to_thread(copy.path.read_bytes)
            body = copy.path.read_bytes()
        except OSError:
            return None
        self._keep(copy.path, body)
        return body

    def _keep(self, path: Path, body: bytes) -> None:
        self._size += len(body) - len(self._kept.pop(path, b""))
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


def _copy(path: Path, etag: str, encoding: str = "") -> _Copy | None:
    try:
        return _Copy(path, path.stat().st_size, etag, encoding)
    except OSError:
        return None


def _with_suffix(etag: str) -> str:
    """Another representation has another validator (RFC 9110 section 8.8.3.3)."""
    return f'{etag[:-1]}-gzip"' if etag.endswith('"') else etag


def _without(headers: Pairs, verdict: Verdict) -> Pairs:
    replaced = {name.lower() for name, _ in verdict.headers}
    return [pair for pair in headers if pair[0].lower() not in replaced]


def _canonical(url: str) -> str:
    try:
        return join(split_raw(url), url.endswith("/"))
    except BadPathError:
        return url
