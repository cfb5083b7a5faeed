"""A running server, asked through its admin endpoints with the token of ISRGEN_TOKEN.

No redirect is followed: the token is for this server alone.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import click

from isrgen.edge.faults import reason
from isrgen.errors import IsrgenError
from isrgen.http.context import Purge
from isrgen.server.admin_orders import MOST_PURGES

_TIMEOUT: Final = 60.0
_MOST_WAITS: Final = 5
_LONGEST_WAIT: Final = 10
_SAMPLE: Final = re.compile(r'isrgen_([a-z_]+)(?:\{status="(\w+)"\})? ([0-9.]+)')
_GAUGES: Final = {"store_entries": "entries", "store_bytes": "bytes"}


@dataclass(frozen=True, slots=True)
class Remote:
    """A ``Cache`` behind a server's ``/_isrgen/``."""

    url: str
    token: str = field(repr=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
            raise click.BadParameter(
                "That is no address of a server.\n  Write it as in --server http://127.0.0.1:8000",
                param_hint="'--server'",
            )
        if not self.token:
            raise IsrgenError(
                "A server is asked with its token, and ISRGEN_TOKEN is not set.",
                "Set it to what the server was started with.",
            )

    @property
    def name(self) -> str:
        return self.url

    def purge(self, purges: Sequence[Purge]) -> None:
        for hard in (False, True):
            some = [purge for purge in purges if purge.hard is hard]
            for start in range(0, len(some), MOST_PURGES):
                chunk = some[start : start + MOST_PURGES]
                paths = [purge.path for purge in chunk if purge.path]
                tags = [purge.tag for purge in chunk if purge.tag]
                self._json("POST", "revalidate", body={"paths": paths, "tags": tags, "hard": hard})

    def listing(self, prefix: str, limit: int) -> dict[str, Any]:
        return self._json("GET", "cache", {"prefix": prefix, "limit": str(limit)})

    def shown(self, key: str) -> dict[str, Any] | None:
        status, body = self._ask("GET", "cache", {"key": key}, none=404)
        if status == 404 and not _reason(body):
            raise self._refused(status, body)
        return None if status == 404 else _read(body)

    def removed(self, key: str) -> int:
        return int(self._json("DELETE", "cache", {"key": key})["removed"])

    def stats(self) -> dict[str, Any]:
        """The server's metrics: the store's, and the sums over its workers."""
        _, body = self._ask("GET", "metrics")
        found: dict[str, Any] = {"entries": 0, "bytes": 0}
        for line in body.decode("utf-8", "replace").splitlines():
            sample = _SAMPLE.fullmatch(line)
            if sample is not None:
                name, label, value = sample.groups()
                called = _GAUGES.get(name, name.removesuffix("_total")) + (f"_{label}" if label else "")
                found[called] = float(value) if "." in value else int(value)
        return found

    def _json(
        self, method: str, endpoint: str, query: dict[str, str] | None = None, body: Any = None
    ) -> dict[str, Any]:
        return _read(self._ask(method, endpoint, query, body)[1])

    def _ask(
        self,
        method: str,
        endpoint: str,
        query: dict[str, str] | None = None,
        body: Any = None,
        none: int = 0,
    ) -> tuple[int, bytes]:
        """The answer with status 200, or ``none``; waits where the server says that it is asked too often."""
        target = f"/_isrgen/{endpoint}" + (f"?{urlencode(query)}" if query else "")
        for _ in range(_MOST_WAITS):
            status, wait, said = self._once(method, target, body)
            if status in (200, none):
                return status, said
            if status != 429 or wait > _LONGEST_WAIT:
                break
            time.sleep(wait)
        raise self._refused(status, said)

    def _refused(self, status: int, body: bytes) -> IsrgenError:
        return IsrgenError(f"{self.url} answered {status}{_reason(body)}.", _WAYS_OUT.get(status, ""))

    def _once(self, method: str, target: str, body: Any) -> tuple[int, int, bytes]:
        parts = urlsplit(self.url)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        headers = {"Authorization": f"Bearer {self.token}"}
        connection = kind(parts.hostname or "", parts.port, timeout=_TIMEOUT)
        try:
            connection.request(method, target, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            wait = response.headers.get("Retry-After", "")
            return response.status, int(wait) if wait.isdigit() else 1, response.read()
        except (OSError, HTTPException, ValueError) as error:
            raise IsrgenError(
                f"{self.url} gives no answer: {reason(error)}.", "Is the server running there?"
            ) from error
        finally:
            connection.close()


_WAYS_OUT: Final = {
    401: "ISRGEN_TOKEN has to be what the server was started with.",
    404: "Is it a server of isrgen, started with ISRGEN_TOKEN?",
    429: "Wait a minute: it was asked too often, or with wrong tokens.",
    501: "A CDN is in front of it, and keeps its own copies: `isrgen purge --target NAME` reaches them.",
    503: "Its store fails; the server's log says why.",
}


def _read(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError as error:
        raise IsrgenError("The server's answer is not JSON.", "Is it a server of isrgen?") from error
    return dict(found)


def _reason(body: bytes) -> str:
    try:
        return f" ({json.loads(body)['error']})"
    except (ValueError, KeyError, TypeError):
        return ""
