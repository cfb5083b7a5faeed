"""``data/``: files that templates read as ``data.NAME``."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from isrgen.config.toml import parse_toml
from isrgen.errors import IsrgenError, Problem
from isrgen.site.reading import read_text
from isrgen.site.yaml import parse_any_yaml

FOLDER: Final = "data"


def read_data(root: Path, sources: list[str], problems: list[Problem]) -> dict[str, Any]:
    """Every data file, a folder's files under its name; other files are left alone."""
    found: dict[str, Any] = {}
    owners: dict[tuple[str, ...], str] = {}
    for source in sources:
        stem, _, extension = source.rpartition(".")
        reader = READERS.get(extension.lower())
        path = tuple(stem.split("/")[1:])
        if reader is None or any(part.startswith(("_", ".")) for part in path):
            continue
        if (other := _taken(path, owners)) is not None:
            message = f"Both give data.{'.'.join(path)}: {other}, {source}."
            problems.append(Problem(message, "Rename one of them.", source))
            continue
        owners[path] = source
        try:
            _put(found, path, reader(read_text(root, source), source))
        except IsrgenError as error:
            problems.extend(error.problems)
    return found


def _taken(path: tuple[str, ...], owners: dict[tuple[str, ...], str]) -> str | None:
    above = [path[:length] for length in range(1, len(path) + 1) if path[:length] in owners]
    below = [other for other in owners if other[: len(path)] == path]
    return owners[(above or below)[0]] if above or below else None


def _put(found: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for part in path[:-1]:
        found = found.setdefault(part, {})
    found[path[-1]] = value


def _toml(text: str, source: str) -> Any:
    return parse_toml(text, source).data


def _json(text: str, source: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        message = f"This is not JSON: {error.msg[:1].lower()}{error.msg[1:]}."
        hint = "JSON wants double quotes, and no comma after the last element."
        raise IsrgenError(Problem(message, hint, source, error.lineno, error.colno)) from error
    except (ValueError, RecursionError) as error:
        raise IsrgenError(
            Problem(f"This is not JSON for us: {error}.", "Write it flatter or shorter.", source)
        ) from error


def _csv(text: str, source: str) -> list[dict[str, str]]:
    """Rows by the names in the first line."""
    reader = csv.reader(io.StringIO(text), strict=True)
    try:
        names = next(reader, [])
        rows = []
        for row in reader:
            if row and len(row) != len(names):
                message = f"This row has {len(row)} fields, and the first line names {len(names)}."
                raise IsrgenError(
                    Problem(message, "Put a field with a comma in quotes.", source, reader.line_num)
                )
            if row:
                rows.append(dict(zip(names, row, strict=True)))
    except csv.Error as error:
        hint = "Put a field with a comma or a quote in quotes."
        raise IsrgenError(Problem(f"This is not CSV: {error}.", hint, source, reader.line_num)) from error
    return rows


READERS: Final[dict[str, Callable[[str, str], Any]]] = {
    "toml": _toml,
    "yaml": parse_any_yaml,
    "yml": parse_any_yaml,
    "json": _json,
    "csv": _csv,
}
"""What reads a data file, by its extension."""
