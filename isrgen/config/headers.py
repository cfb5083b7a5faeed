"""The ``headers`` of a rule or a page: fields that may be set from a file."""

from __future__ import annotations

from typing import Final

from isrgen.caching.fields import is_cache_field
from isrgen.config.table import Table
from isrgen.http.headers import Headers

_OURS: Final = frozenset(
    {"connection", "content-length", "content-encoding", "date", "etag", "keep-alive"}
    | {"transfer-encoding", "upgrade"}
)


def read_headers(table: Table) -> tuple[tuple[str, str], ...] | None:
    """The fields under ``headers``; None where the key is not set."""
    inner = table.table("headers")
    if inner is None:
        return None
    headers = Headers()
    for name in inner.data:
        value = inner.text(name)
        if refusal := _refusal(name):
            inner.report(name, *refusal)
            continue
        try:
            headers.append(name, value)
        except ValueError as error:
            inner.report(name, f"This header cannot be sent: {error}.", "Write it as plain text on one line.")
    return headers.pairs()


def _refusal(name: str) -> tuple[str, str] | None:
    lower = name.lower()
    if lower == "vary" or is_cache_field(name):
        return (
            f"`{name}` cannot stand in `headers`: there is one place for caching.",
            "Write it under `cache`, where `s-maxage`, `vary` and `tags` live.",
        )
    if lower == "set-cookie":
        return (
            "`Set-Cookie` cannot stand in `headers`: every visitor would get the same cookie.",
            "Set it in a loader or an API route.",
        )
    if lower in _OURS:
        return f"`{name}` cannot stand in `headers`: the server works it out.", "Remove it."
    return None
