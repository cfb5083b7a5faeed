"""A stored response, as every store keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from isrgen.caching.policy import Lifetime

HeaderPairs = tuple[tuple[str, str], ...]

NEVER_STALE: Final = -1
"""As ``if_disconnected``: it may not be sent stale, whatever made it so (RFC 9111 section 4.2.4)."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One response that may be sent to anyone whose request selects it.

    ``headers`` are final but for ``Age`` and ``Cache-Status``. ``generated_at``
    is the Unix time at which its render began. ``selecting`` holds the fields
    named by ``Vary`` with the normalised values of the request that led here
    (RFC 9111 section 4.1). ``invalidated`` marks a soft purge: stale, but it
    may be sent once more while the next one renders.

    What an origin sent has three more facts. ``initial_age``: seconds it was
    old already (RFC 9111 section 4.2.3). ``if_disconnected``: seconds it may be
    sent beyond its lifetime when the origin cannot be reached at all (section
    4.2.4), or ``NEVER_STALE``. ``for_authorized``: whether it may answer a request that carries
    ``Authorization`` (section 3.5).
    """

    status: int
    headers: HeaderPairs
    body: bytes
    etag: str
    lifetime: Lifetime
    generated_at: float
    selecting: HeaderPairs = ()
    tags: tuple[str, ...] = ()
    invalidated: bool = False
    build: str = ""
    initial_age: int = 0
    if_disconnected: int = 0
    for_authorized: bool = False

    @property
    def size(self) -> int:
        """Bytes this takes in a store, near enough to bound one."""
        fields = sum(len(name) + len(value) + 64 for name, value in self.headers)
        selecting = sum(len(name) + len(value) + 64 for name, value in self.selecting)
        return len(self.body) + fields + selecting + sum(map(len, self.tags)) + 256
