"""Typed reads from a table that a person wrote.

A ``Document`` is parsed data that remembers on which line each key stands; a
``Table`` reads one level of it. A value of the wrong type becomes a ``Problem``
and reads as its default, so that one pass finds every mistake.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from isrgen.caching.policy import parse_duration
from isrgen.errors import Problem

T = TypeVar("T")
KeyPath = tuple[str | int, ...]

_DURATION_HINT = "Write it as seconds, or as 90s, 5m, 1h or 7d."
_DATE_HINT = "Write it as 2026-08-22, or 2026-08-22T09:00:00+02:00."


@dataclass(frozen=True, slots=True)
class Document:
    """Parsed data; ``line_of`` gives the line of the nearest key on a path."""

    file: str
    data: dict[str, Any]
    line_of: Callable[[KeyPath], int | None]


def shown(value: object) -> str:
    """A value as its writer would recognise it.

    >>> shown("yesterday"), shown(True), shown([1]), shown(None)
    ('"yesterday"', 'true', '[1]', 'empty')
    """
    if value is None:
        return "empty"
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except (TypeError, ValueError, RecursionError):  # keys that JSON has not, or a list inside itself
        text = f"a {type(value).__name__}"
    return text if len(text) <= 60 else text[:57] + "..."


def suggestion(name: str, choices: Iterable[str]) -> str:
    """The way out for a name that is not one of ``choices``.

    >>> suggestion("titel", ["title", "tags"]), suggestion("x", ["b", "a"])
    ('Did you mean `title`?', 'Choose one of: a, b.')
    """
    ordered = sorted(choices)
    close = difflib.get_close_matches(name.lower(), ordered, n=1)
    return f"Did you mean `{close[0]}`?" if close else f"Choose one of: {', '.join(ordered)}."


class Table:
    """One level of a document, and where its problems go."""

    def __init__(
        self,
        document: Document,
        problems: list[Problem],
        path: KeyPath = (),
        data: dict[str, Any] | None = None,
    ) -> None:
        self._document = document
        self._problems = problems
        self._path = path
        self.data = document.data if data is None else data

    def __contains__(self, key: str) -> bool:
        return self.data.get(key) is not None

    def line_of(self, *keys: str | int) -> int | None:
        """The line of a key in this table, or of one further in."""
        return self._document.line_of((*self._path, *keys))

    def name_of(self, key: str) -> str:
        """The key as problems call it: ``cache.s-maxage``."""
        above = [part for part in self._path if isinstance(part, str)]
        return ".".join([*(above[2:] if above[:2] == ["tool", "isrgen"] else above), key])

    def report(self, key: str | None, message: str, hint: str = "", *, index: int | None = None) -> None:
        """Record a problem at the line of ``key``, or of the table itself."""
        path = self._path + (() if key is None else (key,)) + (() if index is None else (index,))
        self._problems.append(Problem(message, hint, self._document.file, self._document.line_of(path)))

    def wrong(self, key: str, what: str, hint: str) -> None:
        """Report that a value is not ``what`` it should be."""
        self.report(key, f"`{self.name_of(key)}` is {shown(self.data[key])}, which is not {what}.", hint)

    def unknown(self, known: Iterable[str], hint: str = "") -> None:
        """Report every key that is not one of ``known``."""
        known = set(known)
        for key in self.data:
            if key not in known:
                way_out = f"{suggestion(key, known)} {hint}".strip()
                self.report(key, f"There is no key called `{self.name_of(key)}`.", way_out)

    def text(self, key: str, default: str = "") -> str:
        """A string; a number is taken as written, since ``title: 2026`` means one."""
        value = self.data.get(key)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return str(value)
        if isinstance(value, str):
            return value
        if value is not None:
            self.wrong(key, "text", 'Write one text in quotes, as in "Tea".')
        return default

    def flag(self, key: str, default: bool) -> bool:
        value = self.data.get(key)
        if isinstance(value, bool):
            return value
        if value is not None:
            self.wrong(key, "true or false", "Write true or false, without quotes.")
        return default

    def number(self, key: str, default: int = 0) -> int:
        value = self.data.get(key)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if value is not None:
            self.wrong(key, "a whole number", "Write it as 10, or -5, without quotes.")
        return default

    def duration(self, key: str, default: int = 0) -> int:
        value = self.data.get(key)
        if value is None:
            return default
        try:
            return parse_duration(value)
        except ValueError:
            self.wrong(key, "a duration", _DURATION_HINT)
            return default

    def moment(self, key: str) -> datetime | None:
        """A date or a time; a day means its midnight, and no zone means UTC."""
        value = self.data.get(key)
        if value is None:
            return None
        if isinstance(value, str):
            try:
                value = datetime.fromisoformat(value.strip())
            except ValueError:
                value = self.data[key]
        if isinstance(value, date) and not isinstance(value, datetime):
            value = datetime(value.year, value.month, value.day, tzinfo=UTC)
        if isinstance(value, datetime):
            return value if value.tzinfo else value.replace(tzinfo=UTC)
        self.wrong(key, "a date", _DATE_HINT)
        return None

    def choice(self, key: str, choices: dict[str, T]) -> T | None:
        """The meaning of one of a few words."""
        value = self.data.get(key)
        if value is None:
            return None
        if isinstance(value, str) and value in choices:
            return choices[value]
        self.wrong(key, "a choice", f"Choose one of: {', '.join(choices)}.")
        return None

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings; one string is a list of one."""
        value = self.data.get(key)
        if value is None:
            return ()
        found = []
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, str):
                found.append(item)
            elif isinstance(item, (int, float, date)) and not isinstance(item, bool):
                found.append(str(item))
            else:
                self.wrong(key, "a list of texts", 'Write it as ["one", "two"].')
                return ()
        return tuple(found)

    def table(self, key: str) -> Table | None:
        value = self.data.get(key)
        if isinstance(value, dict):
            return Table(self._document, self._problems, (*self._path, key), _named(value))
        if value is not None:
            self.wrong(key, "a table", f"Give `{key}` keys of its own.")
        return None

    def tables(self, key: str) -> Sequence[Table]:
        """An array of tables, ``[[key]]``."""
        value = self.data.get(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self.wrong(key, "a list of tables", f"Begin each with a line [[{self.name_of(key)}]].")
            return ()
        return [
            Table(self._document, self._problems, (*self._path, key, index), _named(item))
            for index, item in enumerate(value)
        ]


def _named(data: dict[Any, Any]) -> dict[str, Any]:
    return {str(key): value for key, value in data.items()}
