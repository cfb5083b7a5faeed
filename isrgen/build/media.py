"""Media types by file name, the same on every machine, and which of them compress well."""

from __future__ import annotations

import mimetypes
from typing import Final

_OURS: Final = {
    ".avif": "image/avif",
    ".css": "text/css",
    ".csv": "text/csv",
    ".js": "text/javascript",
    ".json": "application/json",
    ".map": "application/json",
    ".md": "text/markdown",
    ".mjs": "text/javascript",
    ".opus": "audio/ogg",
    ".toml": "application/toml",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".xml": "application/xml",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
}
_COMPRESSIBLE: Final = frozenset(
    {
        "application/json", "application/manifest+json", "application/toml", "application/wasm",
        "application/xml", "application/yaml", "image/svg+xml",
    }
)  # fmt: skip

# A private table: the module's own functions read files of the machine.
_KNOWN: Final = mimetypes.MimeTypes()


def content_type(path: str) -> str:
    """The ``Content-Type`` of a file, with a charset for text.

    >>> content_type("a/b.html"), content_type("font.woff2"), content_type("LICENSE")
    ('text/html; charset=utf-8', 'font/woff2', 'application/octet-stream')
    """
    suffix = path[path.rfind(".") :].lower() if "." in path.rsplit("/", 1)[-1] else ""
    media = _OURS.get(suffix) or _KNOWN.types_map[True].get(suffix) or "application/octet-stream"
    return f"{media}; charset=utf-8" if media.startswith("text/") else media


def compresses(media: str) -> bool:
    """Whether a precompressed copy is worth its place.

    >>> compresses("text/html; charset=utf-8"), compresses("image/png")
    (True, False)
    """
    bare = media.partition(";")[0]
    return bare.startswith("text/") or bare in _COMPRESSIBLE
