"""Cache-Status: what the cache did, and why (RFC 9211)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

CACHE_NAME: Final = "isrgen"

_TOKEN: Final = re.compile(r"[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*")
_UNPRINTABLE: Final = re.compile(r"[^\x20-\x7e]")


class Fwd(Enum):
    """Why a request went to the origin (section 2.2)."""

    BYPASS = "bypass"
    METHOD = "method"
    URI_MISS = "uri-miss"
    VARY_MISS = "vary-miss"
    MISS = "miss"
    REQUEST = "request"
    STALE = "stale"
    PARTIAL = "partial"


@dataclass(frozen=True, slots=True)
class CacheStatus:
    """One cache's member of the field; ``str()`` gives it as it is sent.

    >>> str(CacheStatus(hit=True, ttl=-12, detail="revalidating"))
    'isrgen; hit; ttl=-12; detail=revalidating'
    >>> str(CacheStatus(fwd=Fwd.URI_MISS, stored=True))
    'isrgen; fwd=uri-miss; stored'
    """

    hit: bool = False
    fwd: Fwd | None = None
    fwd_status: int | None = None
    stored: bool = False
    collapsed: bool = False
    ttl: int | None = None
    detail: str = ""

    def __str__(self) -> str:
        parts = [CACHE_NAME]
        if self.hit:
            parts.append("hit")
        if self.fwd is not None:
            parts.append(f"fwd={self.fwd.value}")
        if self.fwd_status is not None:
            parts.append(f"fwd-status={self.fwd_status}")
        if self.stored:
            parts.append("stored")
        if self.collapsed:
            parts.append("collapsed")
        if self.ttl is not None:
            parts.append(f"ttl={self.ttl}")
        if self.detail:
            parts.append(f"detail={_item(self.detail)}")
        return "; ".join(parts)


def _item(text: str) -> str:
    """A token where the text is one, else a string (RFC 9651 sections 4.1.6 and 4.1.7)."""
    if _TOKEN.fullmatch(text):
        return text
    plain = _UNPRINTABLE.sub("?", text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{plain}"'
