"""``sitemap.xml`` (sitemaps.org, protocol 0.9): every page with an address of its own."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from xml.sax.saxutils import escape

_NAMESPACE: Final = "http://www.sitemaps.org/schemas/sitemap/0.9"
_MOST: Final = 50_000
"""The most addresses that one file may hold."""


def sitemaps(base_url: str, pages: Iterable[tuple[str, datetime | None]]) -> dict[str, bytes]:
    """The files by name, for (URL path, last change); an index where one file is not enough."""
    entries = [_entry(base_url, url, changed) for url, changed in sorted(pages, key=lambda page: page[0])]
    if not entries:
        return {}
    parts = [entries[start : start + _MOST] for start in range(0, len(entries), _MOST)]
    if len(parts) == 1:
        return {"sitemap.xml": _document("urlset", parts[0])}
    files = {f"sitemap-{number}.xml": _document("urlset", part) for number, part in enumerate(parts, 1)}
    index = [f"<sitemap><loc>{escape(base_url)}/{name}</loc></sitemap>" for name in files]
    return {"sitemap.xml": _document("sitemapindex", index), **files}


def _entry(base_url: str, url: str, changed: datetime | None) -> str:
    stamp = f"<lastmod>{changed.isoformat()}</lastmod>" if changed else ""
    return f"<url><loc>{escape(base_url + url)}</loc>{stamp}</url>"


def _document(root: str, lines: list[str]) -> bytes:
    body = "\n".join(lines)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="{_NAMESPACE}">\n{body}\n</{root}>\n'.encode()
    )
