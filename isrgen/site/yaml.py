"""YAML with the lines that its keys stand on."""

from __future__ import annotations

from typing import Any, Final

import yaml

from isrgen.config.table import Document, KeyPath
from isrgen.errors import IsrgenError, Problem

_Loader: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MISREAD: Final = (ValueError, OverflowError, AttributeError, KeyError, IndexError, TypeError)
"""What PyYAML lets through for text with the shape, or the tag, of a value that it is not: 2026-02-30."""

_HINT: Final = 'YAML is "key: value" with a space after the colon; text with : or # in it stands in quotes.'


def parse_yaml(text: str, file: str, first_line: int = 1) -> Document:
    """Read a YAML table that begins on ``first_line`` of ``file``; raises IsrgenError."""
    data, node = _parse(text, file, first_line)
    if data is None:
        data = {}
    if not isinstance(data, dict):
        kind = "a list" if isinstance(data, list) else "one text"
        hint = "Write a key before each value: title: Tea."
        raise IsrgenError(
            Problem(f"The front matter is {kind}, not keys and values.", hint, file, first_line)
        )
    _refuse_doubles(node, file, first_line)
    return Document(file, _with_text_keys(data), lambda path: _line_of(node, path, first_line))


def parse_any_yaml(text: str, file: str) -> Any:
    """Read YAML of any type; raises IsrgenError."""
    return _parse(text, file, 1)[0]


def _parse(text: str, file: str, first_line: int) -> tuple[Any, Any]:
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        data = None if node is None else loader.construct_document(node)
    except yaml.YAMLError as error:
        raise IsrgenError(_problem(error, text, file, first_line)) from error
    except _MISREAD as error:
        line = _line_of_misread(node, first_line)
        hint = "Write a date as 2026-08-22, or put the text in quotes."
        said = f": {error}" if isinstance(error, ValueError) else ""
        raise IsrgenError(Problem(f"A value cannot be read{said}.", hint, file, line)) from error
    except RecursionError as error:
        hint = "Write it flatter."
        raise IsrgenError(Problem("It is nested too deeply.", hint, file, first_line)) from error
    finally:
        loader.dispose()
    if "&" in text and _is_circular(data, set(), set()):
        message = "An anchor (&name) holds an alias (*name) of itself."
        raise IsrgenError(Problem(message, "Write the value out.", file, first_line))
    return data, node


def _problem(error: yaml.YAMLError, text: str, file: str, first_line: int) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    said = str(getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be read")
    line = None if mark is None else min(mark.line, text.count("\n")) + first_line
    column = None if mark is None else mark.column + 1
    return Problem(f"This is not YAML: {said}.", _HINT, file, line, column)


def _line_of_misread(node: Any, first_line: int) -> int:
    """The line of the first value that cannot be made on its own."""
    for scalar in _scalars(node):
        try:
            _Loader("").construct_object(scalar)
        except (*_MISREAD, yaml.YAMLError):
            return int(scalar.start_mark.line) + first_line
    return first_line


def _scalars(node: Any) -> list[Any]:
    if isinstance(node, yaml.ScalarNode):
        return [node]
    parts = (
        [part for pair in node.value for part in pair] if isinstance(node, yaml.MappingNode) else node.value
    )
    return [scalar for part in parts for scalar in _scalars(part)]


def _refuse_doubles(node: Any, file: str, first_line: int) -> None:
    seen: set[str] = set()
    for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
        if isinstance(key, yaml.ScalarNode) and key.value != "<<":
            if key.value in seen:
                line = int(key.start_mark.line) + first_line
                raise IsrgenError(
                    Problem(f"`{key.value}` is written twice.", "Keep one of them.", file, line)
                )
            seen.add(key.value)


def _is_circular(value: Any, above: set[int], done: set[int]) -> bool:
    if not isinstance(value, (dict, list)) or id(value) in done:
        return False
    if id(value) in above:
        return True
    above.add(id(value))
    inner = value.values() if isinstance(value, dict) else value
    found = any(_is_circular(part, above, done) for part in inner)
    above.discard(id(value))
    done.add(id(value))
    return found


def _with_text_keys(data: dict[Any, Any]) -> dict[str, Any]:
    return data if all(isinstance(key, str) for key in data) else {str(key): data[key] for key in data}


def _line_of(node: Any, path: KeyPath, first_line: int) -> int:
    """The line of the nearest key on a path."""
    line = first_line
    for part in path:
        if isinstance(part, str) and isinstance(node, yaml.MappingNode):
            found = next((pair for pair in node.value if pair[0].value == part), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + first_line, found[1]
        elif isinstance(part, int) and isinstance(node, yaml.SequenceNode) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + first_line
        else:
            break
    return int(line)
