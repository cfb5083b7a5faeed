"""How long a response may be kept, under which key, and for whom not.

A ``CachePolicy`` is what a route declares; a ``Lifetime`` is the part that a
loader may replace while it runs (it never widens the key).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION: Final = re.compile(r"(\d{1,10})\s*([smhdw]?)")

MAX_LIFETIME: Final = 2**31 - 1
"""The largest delta-seconds a recipient need understand (RFC 9111 section 1.2.2)."""

DRAFT_COOKIE: Final = "__isrgen_draft"
"""A request that carries it is that of a draft visitor, or claims so: no cache answers it."""

MAX_VARIANTS: Final = 64
"""Variants kept side by side under one key."""


@dataclass(frozen=True, slots=True)
class Lifetime:
    """Seconds a response is fresh, and may be sent stale after that.

    ``stale_while_revalidate`` and ``stale_if_error`` count from the moment the
    response becomes stale (RFC 5861 sections 3 and 4).
    """

    fresh: int
    stale_while_revalidate: int = 0
    stale_if_error: int = 0


@dataclass(frozen=True, slots=True)
class CachePolicy:
    """What a route declares under ``cache``.

    ``lifetime`` is None where none is declared: such a route is rendered every
    time unless its loader sets a shared ``Cache-Control`` itself.
    """

    lifetime: Lifetime | None = None
    tags: tuple[str, ...] = ()
    query: tuple[str, ...] = ()
    vary: tuple[str, ...] = ()
    bypass_cookies: tuple[str, ...] = ()


PRESETS: Final[dict[str, Lifetime | None]] = {
    "hourly": Lifetime(3600, 86400),
    "daily": Lifetime(86400, 604800),
    "frequent": Lifetime(300, 3600),
    "private": None,
}
"""The guide's four cache rules by name; ``private`` has no lifetime."""


def parse_duration(value: object) -> int:
    """Seconds written as a number or as ``90s 5m 1h 7d``.

    Raises ValueError for anything else, negative numbers included.

    >>> parse_duration("1h"), parse_duration(90), parse_duration("7d")
    (3600, 90, 604800)
    """
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return min(value, MAX_LIFETIME)
    found = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f"{value!r} is not a duration")
    return min(int(found[1]) * _UNITS[found[2] or "s"], MAX_LIFETIME)
