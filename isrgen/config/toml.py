"""TOML with the lines that its keys stand on.

``tomllib`` says nothing about places, so a light scan over the text finds
them; it runs only once there is a problem to report.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from typing import Final

from isrgen.config.table import Document, KeyPath
from isrgen.errors import IsrgenError, Problem

_AT: Final = re.compile(r" \(at line (\d+), column (\d+)\)$| \(at end of document\)$")
_HEADER: Final = re.compile(r"\s*(\[\[?)\s*(.+?)\s*\]\]?\s*(?:#.*)?$")
_PART: Final = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+)\s*(\.?)""")
_QUIET: Final = re.compile(r'\\.|"(?:[^"\\]|\\.)*"|\'[^\']*\'|#.*')


def parse_toml(text: str, file: str, first_line: int = 1) -> Document:
    """Read TOML that begins on ``first_line`` of ``file``; raises IsrgenError."""
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: a number of thousands of digits, too
        raise IsrgenError(_problem(str(error), text, file, first_line)) from error

    @cache
    def places() -> dict[KeyPath, int]:
        return dict(reversed(list(_places(text, first_line))))

    def line_of(path: KeyPath) -> int | None:
        for length in range(len(path), 0, -1):
            if path[:length] in places():
                return places()[path[:length]]
        return None

    return Document(file, data, line_of)


def _problem(message: str, text: str, file: str, first_line: int) -> Problem:
    at = _AT.search(message)
    line, column = text.count("\n") + 1, None
    if at and at[1]:
        line, column = int(at[1]), int(at[2])
    said = _AT.sub("", message)
    return Problem(
        f"This is not TOML: {said[:1].lower()}{said[1:]}.",
        'Text is written in quotes, as in title = "Tea"; a table is [name], one of several [[name]].',
        file,
        line + first_line - 1,
        column,
    )


def _places(text: str, first_line: int) -> Iterator[tuple[KeyPath, int]]:
    """Every key's path and line, in the order of the text."""
    table: KeyPath = ()
    counts: dict[KeyPath, int] = {}
    inside = ""
    depth = 0
    for number, line in enumerate(text.split("\n"), first_line):
        if inside or depth:
            inside, depth = _state(line, inside, depth)
            continue
        if header := _HEADER.match(line):
            table = _table(_key(header[2]), header[1] == "[[", counts)
            yield table, number
            continue
        if "=" in line and (key := _key(line)):
            for length in range(1, len(key) + 1):
                yield (*table, *key[:length]), number
            inside, depth = _state(line[line.index("=") + 1 :], "", 0)


def _table(names: KeyPath, is_array: bool, counts: dict[KeyPath, int]) -> KeyPath:
    """The full path of a header's table; tables inside an array belong to its last element."""
    path: KeyPath = ()
    for position, name in enumerate(names):
        path = (*path, name)
        if is_array and position == len(names) - 1:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path


def _key(text: str) -> KeyPath:
    parts: list[str] = []
    position = 0
    while found := _PART.match(text, position):
        parts.append(found[1].strip("\"'"))
        position = found.end()
        if not found[2]:
            break
    return tuple(parts)


def _state(line: str, inside: str, depth: int) -> tuple[str, int]:
    """Whether a multi-line string or list is still open at the end of a line."""
    rest = line
    while rest:
        if inside:
            _, mark, rest = rest.partition(inside)
            if not mark:
                return inside, depth
            inside = ""
            continue
        opening = re.search(r'"""|\'\'\'', rest)
        if opening and "#" not in _QUIET.sub("", rest[: opening.start()]):
            depth += _brackets(rest[: opening.start()])
            inside, rest = opening[0], rest[opening.end() :]
            continue
        return "", max(0, depth + _brackets(rest))
    return inside, depth


def _brackets(text: str) -> int:
    bare = _QUIET.sub("", text)
    return sum(bare.count(character) for character in "[{") - sum(bare.count(c) for c in "]}")
