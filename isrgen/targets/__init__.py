"""Platforms to deploy to: each compiles the manifest into that platform's files.

A target is one module or package in this folder that has a ``TARGET``; its
name is the file's name.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from isrgen.errors import IsrgenError
from isrgen.targets.target import Target

_PARTS = frozenset({"bundle", "options", "routes", "target"})


def names() -> tuple[str, ...]:
    """Every target there is, sorted."""
    return tuple(sorted(found.name for found in iter_modules(__path__) if found.name not in _PARTS))


def load(name: str) -> Target:
    """The target of that name; IsrgenError with the choices where there is none."""
    if name not in names():
        raise IsrgenError(
            f"There is no deploy target called {name!r}.", f"Choose one of: {', '.join(names())}."
        )
    target: Target = import_module(f"isrgen.targets.{name}").TARGET
    return target
