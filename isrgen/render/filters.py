"""The filters that isrgen adds to Jinja2's own, and the one way a site URL gets its base path."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from typing import Any, Final
from urllib.parse import urlsplit

from jinja2 import Undefined


def moment(value: Any) -> datetime | date | None:
    """A date from what templates hold: dates, ISO 8601 text, Unix time; None for nothing at all.

    >>> moment("2026-03-01")
    datetime.datetime(2026, 3, 1, 0, 0)
    """
    if value is None or isinstance(value, Undefined) or value == "":
        return None
    if isinstance(value, (datetime, date)):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return datetime.fromtimestamp(value, UTC)
    if isinstance(value, str):
        return datetime.fromisoformat(value.strip())
    raise TypeError(f"{value!r} is not a date")


def format_date(value: Any, form: str = "%Y-%m-%d") -> str:
    """``{{ page.date|date("%d %B %Y") }}``; nothing for no date."""
    found = moment(value)
    return "" if found is None else found.strftime(form)


def iso_date(value: Any) -> str:
    """RFC 3339, as ``<time datetime>`` and Atom want it."""
    found = _aware(value)
    return "" if found is None else found.isoformat(timespec="seconds").replace("+00:00", "Z")


def rfc822_date(value: Any) -> str:
    """The form that RSS wants."""
    found = _aware(value)
    return "" if found is None else format_datetime(found)


def _aware(value: Any) -> datetime | None:
    found = moment(value)
    if found is None:
        return None
    if not isinstance(found, datetime):
        found = datetime.combine(found, time())
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


class Placed(str):
    """A path that is below ``base_url``'s own path already."""

    __slots__ = ()


def place(target: str, base_url: str) -> str:
    """A site URL under the path of ``base_url``; anything else as it is.

    >>> place("/blog/", "https://example.org/docs"), place("#top", "https://example.org/docs")
    ('/docs/blog/', '#top')
    """
    if not target.startswith("/") or target.startswith("//"):
        return target
    return urlsplit(base_url).path.rstrip("/") + target


FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "date": format_date,
    "isodate": iso_date,
    "rfc822": rfc822_date,
}
