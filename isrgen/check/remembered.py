"""Where a site's code keeps what a visitor sent, found in the running process.

Looked for in the modules of the site: names at their top, attributes of
classes and functions, what functions were memoised with, defaults of context
variables, and the environment. What lives in a thread or in a C extension is
not found.
"""

from __future__ import annotations

import ast
import functools
import gc
import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType, MemberDescriptorType, ModuleType
from typing import Any, Final

from isrgen.handlers.blame import relative
from isrgen.http.request import RecordedView, Request

_DEEPEST: Final = 6
_MOST: Final = 20_000
_PRIVATE: Final = re.compile(
    r"\.({})\b".format(
        "|".join(
            sorted(name for name in (*Request.__slots__, *RecordedView.__slots__) if name.startswith("_"))
        )
    )
)


@dataclass(frozen=True, slots=True)
class Place:
    """A name in the site's code, and where it stands; ``file`` is empty for what is in no file."""

    name: str
    file: str = ""
    line: int | None = None

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"`{self.name}` ({where})" if where else f"`{self.name}`"


def holders(value: str, root: Path) -> list[Place]:
    """What holds a text now, among the modules of the site whose code lies below ``root``."""
    wanted = value.lower()
    found = [_place(module, path, root) for module in _modules(root) for path in _paths(module, wanted)]
    # What was imported is held by every module that imported it; the one that made it says where.
    found = [place for place in found if place.line] or found
    found += [Place(f"os.environ[{name!r}]") for name, text in os.environ.items() if wanted in text.lower()]
    return found


def memoised(root: Path) -> list[Place]:
    """The functions that remember what they gave, by ``functools.lru_cache`` or ``cache``."""
    return [
        _place(module, name, root)
        for module in _modules(root)
        for name, thing in vars(module).items()
        if _is_memo(thing) and thing.__module__ == module.__name__ and thing.cache_info().currsize
    ]


def past_the_recorder(site: Path) -> list[Place]:
    """Lines that take from a request what only isrgen itself may: no read is recorded there."""
    found = []
    for folder in ("content", "templates"):
        for file in sorted((site / folder).rglob("*")):
            if file.suffix not in (".py", ".html") or not file.is_file():
                continue
            for number, line in enumerate(file.read_text("utf-8", "replace").splitlines(), 1):
                if match := _PRIVATE.search(line):
                    found.append(Place(match[1], file.relative_to(site).as_posix(), number))
    return found


def _modules(root: Path) -> list[ModuleType]:
    found = {id(module): module for module in list(sys.modules.values()) if _file(module, root)}
    return list(found.values())


def _file(module: Any, root: Path) -> str:
    file = getattr(module, "__dict__", {}).get("__file__")
    return relative(file, root) if isinstance(file, str) else ""


def _is_memo(thing: Any) -> bool:
    return isinstance(thing, functools._lru_cache_wrapper)


def _paths(module: ModuleType, wanted: str) -> Iterator[str]:
    """The names at the top of a module below which the text is; each once."""
    for name, thing in list(vars(module).items()):
        if name.startswith("__") or isinstance(thing, ModuleType) or not _is_of(thing, module):
            continue
        path = _search(thing, wanted)
        if path is not None:
            yield name + path


def _is_of(thing: Any, module: ModuleType) -> bool:
    """Whether a function or class is this module's own: imported ones are found at home."""
    if isinstance(thing, (type, FunctionType)) or _is_memo(thing):
        return getattr(thing, "__module__", None) == module.__name__
    return True


def _search(thing: Any, wanted: str) -> str | None:
    """The way from a value to the text in it, as one would write it; the shortest."""
    level: list[tuple[Any, str]] = [(thing, "")]
    seen: set[int] = set()
    for _ in range(_DEEPEST):
        following: list[tuple[Any, str]] = []
        for value, path in level:
            if id(value) in seen:
                continue
            seen.add(id(value))
            if isinstance(value, (str, bytes)):
                text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
                if wanted in text.lower():
                    return path
            elif len(seen) < _MOST:
                following.extend((inner, path + step) for inner, step in _inside(value))
        level = following
    return None


def _inside(value: Any) -> Iterator[tuple[Any, str]]:
    match value:
        case dict():
            for key, inner in list(value.items()):
                yield key, ""
                yield inner, f"[{key!r}]" if isinstance(key, (str, int)) else ""
        case list() | tuple() | set() | frozenset():
            for inner in list(value):
                yield inner, ""
        case FunctionType():
            for inner in (value.__defaults__, value.__kwdefaults__, value.__closure__):
                yield inner, ""
            yield from ((inner, f".{name}") for name, inner in list(vars(value).items()))
        case ContextVar():
            for inner in gc.get_referents(value):
                yield inner, ""
        case type():
            if "." not in value.__qualname__ and value.__module__ != "builtins":
                for name, inner in list(vars(value).items()):
                    if not name.startswith("__"):
                        yield inner, f".{name}"
        case _ if _is_memo(value) or type(value).__name__ == "cell":
            for inner in gc.get_referents(value):
                if not isinstance(inner, (type, FunctionType, ModuleType)):
                    yield inner, ""
        case _ if not isinstance(value, (int, float, ModuleType)):
            if type(value).__module__ == "functools":
                yield from ((inner, "") for inner in gc.get_referents(value) if not isinstance(inner, type))
            yield from ((inner, f".{name}") for name, inner in _attributes(value))


def _attributes(value: Any) -> Iterator[tuple[str, Any]]:
    yield from list(getattr(value, "__dict__", {}).items())
    for kind in type(value).__mro__:
        slots = vars(kind).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else tuple(slots):
            member = vars(kind).get(name)
            # A slot is read through its descriptor: nothing of the site's code runs.
            if isinstance(member, MemberDescriptorType):
                with suppress(AttributeError):
                    yield name, member.__get__(value)


def _place(module: ModuleType, path: str, root: Path) -> Place:
    file = _file(module, root)
    name = re.split(r"[.\[]", path, maxsplit=1)[0]
    return Place(path if len(path) < 60 else name, file, _line(root / file, name))


def _line(file: Path, name: str) -> int | None:
    """Where a name is first given a value, or defined, at the top of a file."""
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return None
    return next((node.lineno for node in tree.body if name in _names(node)), None)


def _names(node: ast.stmt) -> Iterable[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return (name,)
        case ast.Assign(targets=targets):
            return [part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return (name,)
    return ()
