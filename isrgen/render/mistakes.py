"""What goes wrong in a template, as a Problem with the template's own file and line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from types import TracebackType
from typing import Any, Final

from jinja2 import Environment, TemplateNotFound, TemplateSyntaxError, UndefinedError

from isrgen.errors import Problem

FOLDER: Final = "templates/"

_UNKNOWN: Final = re.compile(r"No (filter|test) named '([^']*)'")
_OURS: Final = re.compile(r"'isrgen\.[\w.]*?(\w+) object'")
_AS_PEOPLE_KNOW_IT: Final = {"PageView": "The page", "SiteView": "The site", "Request": "The request"}
_UNDEFINED: Final = re.compile(r"^'([^']*)' is undefined|has no attribute '([^']*)'")


class UnknownAssetError(Exception):
    """``asset()`` was asked for a file that is not below ``assets/``."""

    def __init__(self, name: object) -> None:
        super().__init__(name)
        self.name = str(name)


def syntax(error: TemplateSyntaxError, name: str, environment: Environment) -> Problem:
    message = (error.message or "The template cannot be read").rstrip(".") + "."
    hint = ""
    if found := _UNKNOWN.match(message):
        known: dict[str, Mapping[str, Any]] = {"filter": environment.filters, "test": environment.tests}
        hint = did_you_mean(found[2], known[found[1]], otherwise="")
    return Problem(message, hint, file=error.name or name, line=error.lineno)


def no_template(wanted: str, names: Iterable[str], file: str, line: int | None) -> Problem:
    there = [name.removeprefix(FOLDER) for name in names if name.startswith(FOLDER)]
    return Problem(f"There is no template called {wanted!r}.", did_you_mean(wanted, there), file, line)


def no_asset(wanted: str, assets: Iterable[str], file: str, line: int | None) -> Problem:
    return Problem(f"There is no file assets/{wanted}.", did_you_mean(wanted, assets), file, line)


def failure(
    error: Exception,
    name: str,
    variables: Mapping[str, Any],
    *,
    names: Iterable[str],
    assets: Iterable[str],
) -> Problem:
    """The Problem for whatever a render of ``name`` raised."""
    file, line = _place(error.__traceback__) or (name, None)
    if isinstance(error, TemplateNotFound):
        return no_template(str(error.name or name).removeprefix(FOLDER), names, file, line)
    if isinstance(error, UnknownAssetError):
        return no_asset(error.name, assets, file, line)
    text = _OURS.sub(_said, str(error)).rstrip(".")
    if not isinstance(error, UndefinedError):
        return Problem(f"The template failed: {type(error).__name__}: {text}.", file=file, line=line)
    found = _UNDEFINED.search(text)
    near = did_you_mean(found[1], variables, otherwise="") if found and found[1] else ""
    return Problem(f"{text}.", near or "Set it, or ask with `is defined` first.", file, line)


def _said(found: re.Match[str]) -> str:
    return _AS_PEOPLE_KNOW_IT.get(found[1], found[0])


def _place(traceback: TracebackType | None) -> tuple[str, int] | None:
    """The innermost template line of a traceback."""
    found = None
    while traceback is not None:
        template = traceback.tb_frame.f_globals.get("__jinja_template__")
        if template is not None and template.name:
            found = (str(template.name), int(template.get_corresponding_lineno(traceback.tb_lineno)))
        traceback = traceback.tb_next
    return found


def did_you_mean(wanted: str, there: Iterable[str], otherwise: str | None = None) -> str:
    """The nearest name; where none is near, ``otherwise``, or the names there are."""
    known = sorted(there)
    if near := get_close_matches(wanted, known, 1, 0.7):
        return f"Did you mean {near[0]!r}?"
    if otherwise is not None:
        return otherwise
    return f"Choose one of: {', '.join(known[:12])}." if known else "There are none yet."
