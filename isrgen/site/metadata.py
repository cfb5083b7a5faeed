"""Front matter, or a module's literals, read into their types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from isrgen.caching.policy import CachePolicy, Lifetime
from isrgen.config.cache import read_cache
from isrgen.config.headers import read_headers
from isrgen.config.load import MODES
from isrgen.config.table import Table
from isrgen.routing.strategy import Mode
from isrgen.site.page import FrontMatter

KEYS: Final = frozenset(FrontMatter.__dataclass_fields__) - {"extra"} | {"mode", "cache"}
"""The keys that isrgen gives a meaning; all others are free."""

NO_LAYOUT: Final = "none"


@dataclass(frozen=True, slots=True)
class Metadata:
    """``meta`` and what decides about strategy; ``table`` knows the lines."""

    meta: FrontMatter
    mode: Mode | None
    cache: CachePolicy | None
    table: Table


def read_metadata(table: Table, presets: Mapping[str, Lifetime | None], day: date | None) -> Metadata:
    """Read every key; ``day`` is the date in the name of the file or its folder."""
    data = table.data
    meta = FrontMatter(
        title=table.text("title"),
        description=table.text("description"),
        date=table.moment("date") or _midnight(day),
        updated=table.moment("updated"),
        draft=table.flag("draft", False),
        publish_at=table.moment("publish_at"),
        expires_at=table.moment("expires_at"),
        tags=tuple(dict.fromkeys(table.texts("tags"))),
        aliases=table.texts("aliases"),
        permalink=table.text("permalink") or None,
        weight=table.number("weight"),
        sitemap=table.flag("sitemap", True),
        headers=read_headers(table) or (),
        redirect=table.text("redirect") or None,
        markdown=_options(table),
        layout=_layout(table),
        template=table.text("template") or None,
        extra={key: value for key, value in data.items() if key not in KEYS} if data.keys() - KEYS else {},
    )
    _check_order(meta, table)
    return Metadata(meta, table.choice("mode", MODES), read_cache(table, "cache", presets), table)


def _midnight(day: date | None) -> datetime | None:
    return None if day is None else datetime(day.year, day.month, day.day, tzinfo=UTC)


def _options(table: Table) -> dict[str, Any]:
    inner = table.table("markdown")
    return inner.data if inner is not None else {}


def _layout(table: Table) -> str | None:
    """The layout's name, ``none``, or None where nothing is said; ``layout: false`` reads as none."""
    if table.data.get("layout", True) in (False, None):
        return NO_LAYOUT
    return table.text("layout") or None


def _check_order(meta: FrontMatter, table: Table) -> None:
    if meta.publish_at and meta.expires_at and meta.expires_at <= meta.publish_at:
        table.report(
            "expires_at",
            "`expires_at` is not after `publish_at`: the page would never be out.",
            "Mend one of the two.",
        )
