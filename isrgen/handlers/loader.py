"""A site's modules and functions as steps of a render: what a loader may give back, and what it becomes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from isrgen.errors import IsrgenError, Problem
from isrgen.handlers.calls import arguments_of, line_of
from isrgen.handlers.modules import Modules
from isrgen.handlers.pool import Call, Work
from isrgen.http.response import Response


def module_of(modules: Modules, source: str) -> Work[ModuleType]:
    """A module of the site; a thread is needed only for the one import."""
    return modules.loaded(source) or (yield Call(modules.load, (source,)))


def call_by_name(
    function: Callable[..., Any], offered: Mapping[str, Callable[[], Any]], source: str
) -> Work[Any]:
    """Call one of the site's functions with the arguments that it names."""
    positional, named = arguments_of(function, offered, source)
    if not named:
        return (yield Call(function, positional))
    return (yield Call(function, positional, named))


def load(
    function: Callable[..., Any], offered: Mapping[str, Callable[[], Any]], source: str
) -> Work[dict[str, Any] | Response]:
    """Names for the template, or a whole answer; raises IsrgenError for anything else."""
    result = yield from call_by_name(function, offered, source)
    if result is None:
        return {}
    if isinstance(result, Response):
        return result
    if not isinstance(result, Mapping):
        raise _wrong(f"The loader returned {_kind(result)}.", function, source)
    return dict(result)


def _wrong(message: str, function: Callable[..., Any], source: str) -> IsrgenError:
    hint = "Return a dict of names for the template, None, or a Response."
    return IsrgenError(Problem(message, hint, file=source, line=line_of(function)))


def _kind(value: object) -> str:
    return f"{type(value).__name__} ({value!r:.60})"
