"""The access log: one JSON object a line, written by a thread of its own.

``note`` is called while a visitor waits, so it only puts a tuple into a queue;
where the queue is full, the line is counted and dropped. The file is opened to
append and each line is one write: several processes may share it, and nothing
that a visitor sends can begin a line.

    {"time":"2026-03-01T09:00:00.123Z","method":"GET","path":"/blog/?page=2","status":200,"bytes":8192,
     "seconds":0.000041,"cache":"hit","client":"203.0.113.9"}
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, unquote

from isrgen.errors import IsrgenError

log = logging.getLogger("isrgen")

STDOUT: Final = "-"

_MOST_WAITING: Final = 10_000
_MOST_TARGET: Final = 2000
"""Characters of an address that are written: a line has to fit into one write to a pipe."""

_LOOK_EVERY: Final = 1.0
"""Seconds in which nobody looks whether the file was moved away."""

_PAUSE: Final = 0.05
"""Seconds in which lines gather before they are written."""

_QUIET_SECONDS: Final = 30.0
"""Seconds between two complaints."""

_TOO_MANY: Final = "too many were waiting"
_SAFE: Final = "/-._~!$&'()*+,;=:@?%[]"
_PRIVATE_QUERIES: Final = "_isrgen"
"""Part of a path, however it is spelt, whose query may hold a token; ``//_isrgen/`` is a common slip."""

_OUTCOMES: Final = (
    ("stale-if-error", "stale-if-error"),
    ("collapsed", "collapsed"),
    ("revalidating", "stale"),
    ("backing-off", "stale"),
    ("bypass", "bypass"),
    ("method", "method"),
    ("fwd", "miss"),
    ("hit", "hit"),
)
"""A word of Cache-Status and what it comes to; the first that is there counts."""

Line = tuple[float, str, str, str, int, int, float, str, str]
"""When it ended, method, path, query, status, bytes, seconds, Cache-Status, client."""


class AccessLog:
    """An open log; ``target`` is a file, or ``-`` for standard output.

    Raises IsrgenError where the file cannot be opened. Each process opens its own.
    """

    def __init__(
        self, target: str, *, most: int = _MOST_WAITING, clock: Callable[[], float] = time.time
    ) -> None:
        # One is counted by whoever calls, the other by the thread: neither needs a lock.
        self._overflowed = self._lost = 0
        self._target = target
        self._most = most
        self._clock = clock
        self._waiting: deque[Line] = deque()
        self._wake = threading.Event()
        self._writing = threading.Lock()
        self._idle = True
        self._closed = False
        self._descriptor = _opened(target)
        self._looked = 0.0
        self._told = 0
        self._complained = -_QUIET_SECONDS
        self._reason = _TOO_MANY
        self._thread = threading.Thread(target=self._run, name="isrgen-access-log", daemon=True)
        self._thread.start()

    def note(
        self,
        method: str,
        path: str,
        query: str,
        status: int,
        size: int,
        seconds: float,
        cache_status: str,
        client: str,
    ) -> None:
        """One response, when it was sent; never blocks. ``cache_status`` is the field as it was sent."""
        if len(self._waiting) >= self._most:
            self._overflowed += 1
            return
        self._waiting.append(
            (self._clock(), method, path, query, status, size, seconds, cache_status, client)
        )
        if self._idle:
            self._idle = False
            self._wake.set()

    def close(self) -> None:
        """Write what is waiting, for a second at most."""
        self._closed = True
        self._wake.set()
        self._thread.join(1.0)

    def reopen(self) -> None:
        """Follow a file that was moved away (rotated): go on in a new one of the old name."""
        with self._writing:
            self._looked = time.monotonic()
            if self._target == STDOUT or self._is_there():
                return
            try:
                fresh = _opened(self._target)
            except IsrgenError as error:
                log.error("%s", error)
                return
            os.close(self._descriptor)
            self._descriptor = fresh

    def drain(self) -> None:
        """Write what is waiting; the thread does this, and whoever cannot wait for it."""
        with self._writing:
            for line in self._taken():
                try:
                    _write(self._descriptor, as_json(line))
                except OSError as error:
                    self._lost += 1
                    self._reason = error.strerror or str(error)
            self._complain()

    def _run(self) -> None:
        while not self._closed:
            self._wake.wait()
            self._wake.clear()
            if not self._closed:
                time.sleep(_PAUSE)
            if time.monotonic() - self._looked >= _LOOK_EVERY:
                self.reopen()
            self.drain()
            self._idle = True
            # What came between the last look and that word has woken nobody.
            if self._waiting:
                self._wake.set()
        self.drain()
        if self._target != STDOUT:
            os.close(self._descriptor)

    def _is_there(self) -> bool:
        try:
            return os.path.samestat(os.stat(self._target), os.fstat(self._descriptor))  # noqa: PTH116
        except OSError:
            return False

    def _complain(self) -> None:
        now = time.monotonic()
        if self.dropped > self._told and now - self._complained >= _QUIET_SECONDS:
            log.warning(
                "%d lines of the access log were dropped: %s", self.dropped - self._told, self._reason
            )
            self._told, self._complained, self._reason = self.dropped, now, _TOO_MANY

    @property
    def dropped(self) -> int:
        """Lines that were not written, since too many waited or the file took none."""
        return self._overflowed + self._lost

    def _taken(self) -> Iterator[Line]:
        with suppress(IndexError):
            while True:
                yield self._waiting.popleft()


def as_json(line: Line) -> bytes:
    """A line as it is written; JSON escapes whatever could end it."""
    ended, method, path, query, status, size, seconds, cache_status, client = line
    target = quote(path, safe=_SAFE, errors="replace")
    if query and _PRIVATE_QUERIES not in unquote(path):
        target += "?" + quote(query, safe=_SAFE, errors="replace")
    moment = datetime.fromtimestamp(ended, UTC).isoformat(timespec="milliseconds")
    written = {
        "time": moment.replace("+00:00", "Z"),
        "method": method[:32],
        "path": target if len(target) <= _MOST_TARGET else target[: _MOST_TARGET - 3] + "...",
        "status": status,
        "bytes": size,
        "seconds": round(seconds, 6),
        "cache": outcome(cache_status),
        "client": client[:64],
    }
    return json.dumps(written, separators=(",", ":")).encode() + b"\n"


def outcome(cache_status: str) -> str:
    """One word for what our cache did, from ``Cache-Status``: its own member is the last.

    >>> outcome("isrgen; hit; ttl=9"), outcome("isrgen; hit; ttl=-2; detail=revalidating")
    ('hit', 'stale')
    >>> outcome("isrgen; fwd=uri-miss; stored"), outcome("isrgen; fwd=bypass; detail=cookie"), outcome("")
    ('miss', 'bypass', '')
    >>> outcome("isrgen; fwd=stale; fwd-status=503; ttl=-9; detail=stale-if-error")
    'stale-if-error'
    """
    member = cache_status.rpartition("isrgen; ")[2]
    parts = dict(part.partition("=")[::2] for part in member.split("; ")) if member else {}
    words = (*parts, parts.get("detail", ""), parts.get("fwd", ""))
    return next((said for word, said in _OUTCOMES if word in words), "")


def _write(descriptor: int, line: bytes) -> None:
    """One write; what a full pipe left over follows."""
    while line:
        line = line[os.write(descriptor, line) :]


def _opened(target: str) -> int:
    if target == STDOUT:
        return sys.stdout.fileno()
    try:
        return os.open(target, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
    except OSError as error:
        raise IsrgenError(
            f"The access log {target} cannot be written: {error.strerror}.",
            "Name a file in a folder that is there and may be written to, or - for standard output.",
        ) from error
