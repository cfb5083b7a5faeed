"""A site's content as the runtime knows it: entries, data and assets, in JSON and files.

``Snapshot`` is written by the build and read by ``dist/server``. It is
deterministic, and bodies are files of their own that are read when a page
shows them. Its ``listings`` hold every sorted list, made once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime, time
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from isrgen.errors import IsrgenError
from isrgen.site.entry import Body, Entry, Heading
from isrgen.site.frozen import freeze
from isrgen.site.listing import Listings

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

    def __post_init__(self) -> None:
        object.__setattr__(self, "extra", freeze(self.extra))


@dataclass(frozen=True)
class Snapshot:
    """What the runtime knows of a site. ``assets`` maps a name below ``assets/`` to its URL path.

    Whatever templates and loaders get from it is read-only, however deep it lies.
    """

    facts: Facts = Facts()
    entries: dict[str, Entry] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    assets: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        frozen = {source: replace(entry, extra=freeze(entry.extra)) for source, entry in self.entries.items()}
        object.__setattr__(self, "entries", frozen)
        object.__setattr__(self, "data", freeze(self.data))

    @cached_property
    def listings(self) -> Listings:
        return Listings(self.entries.values())

    def find(self, url_or_source: str, *, drafts: bool = False) -> Entry | None:
        """The entry of this source file, or with this URL, with or without the slash at its end.

        A draft may have the URL of a page; only with ``drafts`` it then stands in for it.
        """
        entry = self.entries.get(url_or_source)
        if entry is not None:
            return entry
        url = url_or_source.rstrip("/") or "/"
        return (self._secret.get(url) if drafts else None) or self._by_url.get(url)

    @cached_property
    def _by_url(self) -> dict[str, Entry]:
        return _by_url(entry for entry in self.entries.values() if not entry.is_secret)

    @cached_property
    def _secret(self) -> dict[str, Entry]:
        return _by_url(entry for entry in self.entries.values() if entry.is_secret)

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


def _by_url(entries: Iterable[Entry]) -> dict[str, Entry]:
    return {entry.url.rstrip("/") or "/": entry for entry in entries if entry.url}


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
        inputs=tuple(entry.inputs),
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
