"""What a page's Python file says, read as text and never imported.

Importing would run the site's code, open its databases, and make loading a
site depend on the machine it is loaded on.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from isrgen.config.table import Document, KeyPath
from isrgen.errors import IsrgenError, Problem
from isrgen.routing.strategy import METHODS


@dataclass(frozen=True, slots=True)
class Module:
    """``literals`` are the constants at module level; ``names`` is everything bound there.

    ``computed`` are assignments that are no literals, with their lines. ``asks`` holds, for each plain
    function at module level, its line and the parameters that have to be given.
    """

    source: str
    literals: Document
    names: frozenset[str]
    computed: dict[str, int] = field(default_factory=dict)
    asks: dict[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)

    @property
    def methods(self) -> tuple[str, ...]:
        return tuple(method for method in METHODS if method in self.names)


def read_module(text: str, source: str) -> Module:
    """Read a module's source; raises IsrgenError where Python would raise SyntaxError."""
    tree = _parse(text, source)
    values: dict[str, ast.expr] = {}
    literals: dict[str, Any] = {}
    computed: dict[str, int] = {}
    for name, value in _assignments(tree):
        try:
            literals[name] = ast.literal_eval(value)
            values[name] = value
            computed.pop(name, None)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            literals.pop(name, None)
            computed[name] = value.lineno
    document = Document(source, literals, lambda path: _line_of(values, path))
    return Module(source, document, frozenset(_bound(tree.body)), computed, dict(_asks(tree.body)))


def _parse(text: str, source: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except SyntaxError as error:
        line, column = error.lineno or 1, error.offset or None
        hint = "Mend it there, or just before."
        raise IsrgenError(Problem(f"This is not Python: {error.msg}.", hint, source, line, column)) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise IsrgenError(Problem(f"This is not Python: {error}.", "Mend the file.", source, 1)) from error


def _assignments(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    for statement in tree.body:
        if isinstance(statement, ast.Assign):
            for target in statement.targets:
                if isinstance(target, ast.Name):
                    yield target.id, statement.value
        elif (
            isinstance(statement, ast.AnnAssign)
            and isinstance(statement.target, ast.Name)
            and statement.value is not None
        ):
            yield statement.target.id, statement.value


def _bound(body: list[ast.stmt]) -> Iterator[str]:
    """Names that a module binds, also inside ``if`` and ``try`` at its top level."""
    for statement in body:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield statement.name
        elif isinstance(statement, (ast.Import, ast.ImportFrom)):
            for alias in statement.names:
                yield (alias.asname or alias.name).split(".")[0]
        elif isinstance(statement, (ast.Assign, ast.AnnAssign)):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            yield from (node.id for t in targets for node in ast.walk(t) if isinstance(node, ast.Name))
        elif isinstance(statement, (ast.If, ast.Try, ast.With)):
            for part in ("body", "orelse", "finalbody"):
                yield from _bound(getattr(statement, part, []))
            for handler in getattr(statement, "handlers", []):
                yield from _bound(handler.body)


def _asks(body: list[ast.stmt]) -> Iterator[tuple[str, tuple[int, tuple[str, ...]]]]:
    """A decorator may give a function other parameters, so decorated ones are left out."""
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef) and not statement.decorator_list:
            given = statement.args
            positional = [*given.posonlyargs, *given.args]
            required = positional[: len(positional) - len(given.defaults)]
            keywords = zip(given.kwonlyargs, given.kw_defaults, strict=True)
            required += [argument for argument, default in keywords if default is None]
            yield statement.name, (statement.lineno, tuple(argument.arg for argument in required))


def _line_of(values: dict[str, ast.expr], path: KeyPath) -> int:
    node: ast.expr | None = values.get(str(path[0])) if path else None
    line = node.lineno if node is not None else 1
    for part in path[1:]:
        if isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            found = next((p for p in pairs if isinstance(p[0], ast.Constant) and p[0].value == part), None)
            if found is None or found[0] is None:
                break
            line, node = found[0].lineno, found[1]
        elif isinstance(node, (ast.List, ast.Tuple)) and isinstance(part, int) and part < len(node.elts):
            node = node.elts[part]
            line = node.lineno
        else:
            break
    return line
