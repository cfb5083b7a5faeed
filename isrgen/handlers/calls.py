"""The site's functions by the names of their parameters: ``def loader(params, request)``."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from inspect import Parameter
from types import FunctionType, ModuleType
from typing import Any, Final
from weakref import WeakKeyDictionary

from isrgen.errors import IsrgenError, Problem

Asked = tuple[tuple[str, Any, bool], ...]
"""The parameters of a function: name, kind, and whether it has to be given."""

# Nothing of a function is kept here that would keep the function.
_KNOWN: Final[WeakKeyDictionary[FunctionType, Asked]] = WeakKeyDictionary()


def function_of(module: ModuleType, name: str, source: str) -> Callable[..., Any] | None:
    """The function ``name`` of a module, None where there is none; raises IsrgenError for anything else."""
    found = getattr(module, name, None)
    if found is None or callable(found):
        return found
    raise IsrgenError(
        Problem(
            f"`{name}` is {type(found).__name__}, not a function.", f"Write `def {name}(...)`.", file=source
        )
    )


def arguments_of(
    function: Callable[..., Any], offered: Mapping[str, Callable[[], Any]], source: str
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """What to call ``function`` with: of what is ``offered``, the parameters that it names.

    Raises IsrgenError for a parameter that is not offered and has no default.
    """
    positional: list[Any] = []
    named: dict[str, Any] = {}
    for parameter, kind, required in _parameters(function):
        if kind is Parameter.VAR_POSITIONAL:
            continue
        if kind is Parameter.VAR_KEYWORD:
            named.update((name, make()) for name, make in offered.items() if name not in named)
        elif parameter in offered:
            value = offered[parameter]()
            if kind is Parameter.POSITIONAL_ONLY:
                positional.append(value)
            else:
                named[parameter] = value
        elif required:
            raise _unknown(function, parameter, tuple(offered), source)
    return tuple(positional), named


def line_of(function: Callable[..., Any]) -> int | None:
    """The line on which a function is defined, for a problem to name."""
    return place_of(function)[1] or None


def place_of(function: Callable[..., Any]) -> tuple[str, int]:
    """The file and line in which a function is defined; nowhere for one that is not Python."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    return ("", 0) if code is None else (code.co_filename, int(code.co_firstlineno))


def _parameters(function: Callable[..., Any]) -> Asked:
    """Read once for each function, which is looked at again at every render."""
    if not isinstance(function, FunctionType):
        return _read(function)
    asked = _KNOWN.get(function)
    if asked is None:
        asked = _KNOWN[function] = _read(function)
    return asked


def _read(function: Callable[..., Any]) -> Asked:
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return ()
    return tuple((one.name, one.kind, one.default is Parameter.empty) for one in found)


def _unknown(function: Callable[..., Any], name: str, offered: tuple[str, ...], source: str) -> IsrgenError:
    called = getattr(function, "__name__", "this function")
    choices = ", ".join(offered)
    return IsrgenError(
        Problem(
            f"`{called}` asks for `{name}`, which nobody can give it.",
            f"It may take any of these, by name: {choices}.",
            file=source,
            line=line_of(function),
        )
    )
