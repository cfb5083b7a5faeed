"""Redirects: those of the manifest, and from the other form of a URL to the one it has."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final
from urllib.parse import quote

from isrgen.caching.fields import REVALIDATE
from isrgen.manifest import Redirect
from isrgen.routing.match import Matcher
from isrgen.routing.urls import SAFE
from isrgen.server.message import Outgoing

_PLACEHOLDER: Final = re.compile(r"\[(?:\.\.\.)?([A-Za-z_][A-Za-z0-9_]*)\]|\{([A-Za-z_][A-Za-z0-9_]*)\}|\*\*")


class Redirects:
    """The manifest's redirects, by path."""

    def __init__(self, redirects: Iterable[Redirect]) -> None:
        rules = [(redirect.source, redirect) for redirect in redirects]
        self._matcher = Matcher(rules) if rules else None

    def find(self, segments: Sequence[str], query: str) -> Outgoing | None:
        """The answer for a path that is redirected, the query kept."""
        found = self._matcher.match(segments) if self._matcher is not None else None
        if found is None:
            return None
        redirect, params = found
        return to(_filled(redirect.to, params), query, redirect.status)


def to(target: str, query: str, status: int = 308) -> Outgoing:
    """A redirect with the request's query behind the target's own."""
    address, hash_, fragment = target.partition("#")
    if query:
        address += ("&" if "?" in address else "?") + quote(query, safe=f"{SAFE}/?%[]")
    headers = [("location", address + hash_ + fragment), ("cache-control", REVALIDATE)]
    return Outgoing(status, headers)


def _filled(target: str, params: dict[str, str | list[str]]) -> str:
    """The target with its parameters; each value is encoded, so that none can name another host.

    >>> _filled("/blog/[slug]/", {"slug": "//evil"}), _filled("/d/[...path]/", {"path": ["a", "é"]})
    ('/blog/%2F%2Fevil/', '/d/a/%C3%A9/')
    """

    def fill(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        value = (
            params.get(name, "")
            if name
            else next((each for each in params.values() if isinstance(each, list)), [])
        )
        parts = value if isinstance(value, list) else [value]
        return "/".join(quote(part, safe=SAFE) for part in parts)

    path = _PLACEHOLDER.sub(fill, target)
    # A parameter of no segments must not leave "//host" behind.
    if not target.startswith("//"):
        path = re.sub(r"^/{2,}", "/", path)
    return quote(path, safe=f"{SAFE}/?#%[]")
