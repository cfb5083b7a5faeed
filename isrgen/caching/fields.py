"""The cache fields of a response, per reader: our own edge, or the CDN in front.

The only place that writes them. Whatever a site's code set under these names
is removed first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from isrgen.caching.invalidation import cdn_tags
from isrgen.caching.policy import Lifetime
from isrgen.caching.stored import HeaderPairs

_CACHE_FIELDS: Final = frozenset(
    {
        "age", "cache-control", "cache-status", "edge-control", "expires", "pragma", "surrogate-control",
        "surrogate-key", "x-accel-expires", "x-litespeed-tag", "xkey",
    }
)  # fmt: skip
_CACHE_FIELD_ENDINGS: Final = ("-cache-control", "cache-tag", "cache-tags")
"""Targeted fields (RFC 9213 section 3.1) are named so, and so are most fields for tags."""


def is_cache_field(name: str) -> bool:
    """Whether a cache may go by this field: a site's code may set it, and it is never sent as it was set.

    >>> is_cache_field("Akamai-Cache-Control"), is_cache_field("X-Accel-Expires"), is_cache_field("X-Cache")
    (True, True, False)
    """
    lower = name.lower()
    return lower in _CACHE_FIELDS or lower.endswith(_CACHE_FIELD_ENDINGS)


PRIVATE: Final = "private, no-store"
REVALIDATE: Final = "public, max-age=0, must-revalidate"
"""What browsers are told about a page that the edge keeps."""

IMMUTABLE: Final = "public, max-age=31536000, immutable"
"""What everyone is told about a file with a digest in its name."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one reader wants to be told a lifetime.

    ``field`` carries ``start`` with the seconds filled in, then the windows
    that the reader honours; ``tags`` names its tag field, separated by
    ``separator``. Where ``field`` is Cache-Control itself, the reader rewrites
    it for browsers (or they are sent what it says).
    """

    field: str
    start: str
    stale_if_error: bool = True
    tags: str = ""
    separator: str = ","


DIALECTS: Final[Mapping[str | None, Dialect]] = MappingProxyType(
    {
        None: Dialect("CDN-Cache-Control", "public, max-age={}"),
        "generic": Dialect("Cache-Control", "public, s-maxage={}"),
        "vercel": Dialect(
            "Vercel-CDN-Cache-Control", "public, max-age={}", stale_if_error=False, tags="Vercel-Cache-Tag"
        ),
        "cloudfront": Dialect("Cache-Control", "public, max-age=0, s-maxage={}", tags="Cache-Tag"),
        "fastly": Dialect("Surrogate-Control", "max-age={}", tags="Surrogate-Key", separator=" "),
        # s-maxage turns stale-while-revalidate off there.
        "cloudflare": Dialect("Cloudflare-CDN-Cache-Control", "public, max-age={}", tags="Cache-Tag"),
        "varnish": Dialect("Cache-Control", "public, s-maxage={}", tags="xkey", separator=" "),
        "nginx": Dialect("Cache-Control", "public, s-maxage={}"),
    }
)
"""``--behind`` -> dialect; None is our own edge, with browsers behind it."""


def private_fields() -> HeaderPairs:
    """The only cache field of a response that nobody may share."""
    return (("Cache-Control", PRIVATE),)


def shared_fields(
    lifetime: Lifetime,
    *,
    behind: str | None = None,
    vary: Iterable[str] = (),
    tags: Iterable[str] = (),
    path: str = "",
) -> HeaderPairs:
    """The cache fields of a response that is sent with its ``Age``, or fresh from its render.

    >>> shared_fields(Lifetime(3600, 86400), behind="generic")
    (('Cache-Control', 'public, s-maxage=3600, stale-while-revalidate=86400'),)
    """
    dialect = DIALECTS[behind]
    pairs = [] if dialect.field == "Cache-Control" else [("Cache-Control", REVALIDATE)]
    pairs.append((dialect.field, _directives(dialect, lifetime)))
    if dialect.tags:
        pairs.append((dialect.tags, dialect.separator.join(cdn_tags(tags, path))))
    names = sorted({name.lower() for name in vary})
    if names:
        pairs.append(("Vary", ", ".join("-".join(map(str.capitalize, n.split("-"))) for n in names)))
    return tuple(pairs)


def without_cache_fields(pairs: Iterable[tuple[str, str]]) -> HeaderPairs:
    """The other fields."""
    return tuple((name, value) for name, value in pairs if not is_cache_field(name))


def _directives(dialect: Dialect, lifetime: Lifetime) -> str:
    parts = [dialect.start.format(lifetime.fresh)]
    if lifetime.stale_while_revalidate:
        parts.append(f"stale-while-revalidate={lifetime.stale_while_revalidate}")
    if lifetime.stale_if_error and dialect.stale_if_error:
        parts.append(f"stale-if-error={lifetime.stale_if_error}")
    return ", ".join(parts)
