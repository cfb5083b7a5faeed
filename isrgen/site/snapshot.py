"""A site's content as the runtime knows it: entries, data and assets, in JSON and files.

``Snapshot`` is written by the build and read by ``dist/server``. It is
deterministic, and bodies are files of their own that are read when a page
shows them. Its ``listings`` hold every sorted list, made once.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime, time
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from isrgen.errors import IsrgenError
from isrgen.site.view import Entry, Heading

SCHEMA: Final = 1
FILE: Final = "snapshot.json"
BODIES: Final = "bodies"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the configuration says of the site; ``drafts`` and ``future``: the build shows them."""

    title: str = ""
    base_url: str = ""
    language: str = "en"
    extra: dict[str, Any] = field(default_factory=dict)
    drafts: bool = False
    future: bool = False


class Body:
    """HTML in a file below ``bodies/``, read each time it is wanted and not kept."""

    __slots__ = ("_path",)

    def __init__(self, path: Path) -> None:
        self._path = path

    def __str__(self) -> str:
        try:
            return self._path.read_bytes().decode()
        except (OSError, UnicodeDecodeError) as error:
            raise IsrgenError(
                f"The content file {BODIES}/{self._path.name} cannot be read: {error}.",
                "Build the site again with `isrgen build`.",
            ) from error


class Listing:
    """One sorted list of entries, hidden ones included.

    What is visible only changes at ``changes``, so the visible part is kept
    for the span of time it was last asked for.
    """

    def __init__(self, name: str, entries: Sequence[Entry]) -> None:
        self.name = name
        self.entries = tuple(entries)
        self._changes = sorted({moment for entry in entries for moment in entry.changes})
        self._kept: dict[tuple[bool, bool], tuple[int, tuple[Entry, ...]]] = {}
        self._positions: tuple[Sequence[Entry], dict[str, int]] = ((), {})

    def visible(self, now: float, *, drafts: bool, future: bool) -> tuple[Entry, ...]:
        span = bisect_right(self._changes, now)
        kept = self._kept.get((drafts, future))
        if kept is None or kept[0] != span:
            shown = tuple(e for e in self.entries if e.is_visible(now, drafts=drafts, future=future))
            kept = self._kept[drafts, future] = (span, shown)
        return kept[1]

    def position(self, entry: Entry, shown: Sequence[Entry]) -> int | None:
        """Where the entry stands in ``shown``, which ``visible`` gave."""
        known, positions = self._positions
        if known is not shown:
            positions = {each.source: index for index, each in enumerate(shown)}
            self._positions = (shown, positions)
        return positions.get(entry.source)

    def next_change(self, now: float) -> float | None:
        index = bisect_right(self._changes, now)
        return self._changes[index] if index < len(self._changes) else None


class Listings:
    """All lists of a snapshot: its pages, the collections and the tags."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        shown = sorted((entry for entry in entries if entry.listed and entry.url), key=_order)
        collections: dict[str, list[Entry]] = {}
        tags: dict[str, list[Entry]] = {}
        for entry in shown:
            members = collections.setdefault(entry.section, []) if entry.section else []
            if not _is_index(entry):
                members.append(entry)
            for tag in entry.tags:
                tags.setdefault(tag, []).append(entry)
        self.pages = Listing("pages", shown)
        self.collections = _listings("collections", collections)
        self.tags = _listings("tags", tags)
        self._top = Listing("top", [entry for entry in shown if not entry.section])

    def siblings(self, entry: Entry) -> Listing:
        """The list in which ``prev`` and ``next`` are looked for."""
        return self.collections.get(entry.section, self._top) if entry.section else self._top

    def single(self, entry: Entry) -> Listing:
        return Listing(f"page/{entry.source}", (entry,))


def _listings(kind: str, groups: Mapping[str, Sequence[Entry]]) -> dict[str, Listing]:
    return {name: Listing(f"{kind}/{name}", groups[name]) for name in sorted(groups)}


def _order(entry: Entry) -> tuple[float, int, str, str]:
    """The newest first, undated ones last; then by weight, title and URL."""
    moment = -entry.date.timestamp() if entry.date is not None else float("inf")
    return (moment, entry.weight, entry.title, entry.url)


def _is_index(entry: Entry) -> bool:
    return unquote(entry.url.strip("/")) == entry.section


@dataclass(frozen=True)
class Snapshot:
    """What the runtime knows of a site. ``assets`` maps a name below ``assets/`` to its URL path."""

    facts: Facts = Facts()
    entries: dict[str, Entry] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    assets: dict[str, str] = field(default_factory=dict)

    @cached_property
    def listings(self) -> Listings:
        return Listings(self.entries.values())

    def find(self, url_or_source: str) -> Entry | None:
        """The entry of this source file, or with this URL, with or without the slash at its end."""
        return self.entries.get(url_or_source) or self._by_url.get(url_or_source.rstrip("/") or "/")

    @cached_property
    def _by_url(self) -> dict[str, Entry]:
        return {entry.url.rstrip("/") or "/": entry for entry in self.entries.values() if entry.url}

    def write(self, folder: Path) -> None:
        """Write ``snapshot.json`` and ``bodies/`` into the folder."""
        bodies: dict[str, str] = {}
        records = [_record(self.entries[source], bodies) for source in sorted(self.entries)]
        (folder / BODIES).mkdir(parents=True, exist_ok=True)
        for name, html in bodies.items():
            (folder / BODIES / name).write_bytes(html.encode())
        text = json.dumps(
            {
                "schema": SCHEMA,
                "site": {each.name: _encode(getattr(self.facts, each.name)) for each in fields(Facts)},
                "assets": dict(sorted(self.assets.items())),
                "data": _encode(self.data),
                "entries": records,
            },
            ensure_ascii=False,
            separators=(",", ":"),
        )
        (folder / FILE).write_bytes(text.encode() + b"\n")

    @classmethod
    def read(cls, folder: Path) -> Snapshot:
        """Read a snapshot back; raises IsrgenError for a damaged one or another schema."""
        again = "Build the site again with `isrgen build`."
        try:
            found = json.loads((folder / FILE).read_bytes())
            if found["schema"] != SCHEMA:
                raise IsrgenError(
                    f"The content snapshot has schema {found['schema']!r}; this isrgen reads {SCHEMA}.", again
                )
            facts = Facts(**_decode(found["site"]))
            entries = [_entry(record, folder / BODIES) for record in found["entries"]]
            return cls(
                facts, {entry.source: entry for entry in entries}, _decode(found["data"]), found["assets"]
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise IsrgenError(f"The content snapshot {FILE} cannot be read: {error}.", again) from error


_DEFAULT: Final = Entry("")


def _record(entry: Entry, bodies: dict[str, str]) -> dict[str, Any]:
    """An entry's fields that are not their default; its HTML goes into ``bodies`` under its digest."""
    record = {
        each.name: _encode(getattr(entry, each.name))
        for each in fields(Entry)
        if each.name not in ("content", "toc") and getattr(entry, each.name) != getattr(_DEFAULT, each.name)
    }
    if entry.toc:
        record["toc"] = [heading.to_json() for heading in entry.toc]
    if entry.content is not None:
        html = str(entry.content)
        record["content"] = f"{sha256(html.encode()).hexdigest()[:24]}.html"
        bodies[record["content"]] = html
    return record


def _entry(record: dict[str, Any], bodies: Path) -> Entry:
    known = {name: _decode(value) for name, value in record.items() if name not in ("content", "toc")}
    entry = Entry(**known)
    return replace(
        entry,
        tags=tuple(entry.tags),
        toc=tuple(Heading.from_json(each) for each in record.get("toc", ())),
        content=Body(bodies / record["content"]) if "content" in record else None,
    )


# JSON has no dates and no keys but strings; front matter and data files have both.
_TYPES: Final[dict[str, type[datetime | date | time]]] = {
    "$datetime": datetime,
    "$date": date,
    "$time": time,
}


def _encode(value: Any) -> Any:
    if isinstance(value, dict):
        if all(isinstance(key, str) and not key.startswith("$") for key in value):
            return {key: _encode(each) for key, each in value.items()}
        return {"$pairs": [[_encode(key), _encode(each)] for key, each in value.items()]}
    if isinstance(value, (list, tuple)):
        return [_encode(each) for each in value]
    for name, kind in _TYPES.items():
        if isinstance(value, kind):
            return {name: value.isoformat()}
    if isinstance(value, (set, frozenset)):
        return [_encode(each) for each in sorted(value, key=repr)]
    return value if value is None or isinstance(value, (str, int, float)) else str(value)


def _decode(value: Any) -> Any:
    if isinstance(value, list):
        return [_decode(each) for each in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        name, only = next(iter(value.items()))
        if name == "$pairs":
            return {_decode(key): _decode(each) for key, each in only}
        if name in _TYPES:
            return _TYPES[name].fromisoformat(only)
    return {key: _decode(each) for key, each in value.items()}
