"""What the name of a file or folder below ``content/`` says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from isrgen.config.table import suggestion
from isrgen.routing.pattern import Pattern
from isrgen.routing.strategy import Mode

SUFFIXES: Final = {mode.value: mode for mode in Mode}
"""The word after ``+`` and what it means."""

NOT_FOUND: Final = "+not-found"

_DATED: Final = re.compile(r"(\d{4}-\d{2}-\d{2})-(.+)")
_GROUP: Final = re.compile(r"\(.+\)")
_MEANT: Final = {"isr": "An ISR page is +ssr with a lifetime under `cache`."}
_SUFFIX_HINT: Final = (
    "A name may end in +ssg, +ssr or +api; a page called +not-found is the 404 page of its folder."
)


class BadNameError(ValueError):
    """A name that cannot be part of a route; ``hint`` is the way out."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Name:
    """``segment`` is a route's segment as people write it, empty for an index and for a group."""

    segment: str
    mode: Mode | None = None
    day: date | None = None
    not_found: bool = False


def parse_file(stem: str) -> Name:
    """Read a page's name without its extension; raises BadNameError.

    >>> parse_file("2026-03-01-tea+ssr").segment, parse_file("index").segment
    ('tea', '')
    """
    if stem == NOT_FOUND:
        return Name("", not_found=True)
    bare, mode = _split_suffix(stem)
    if bare == "index":
        return Name("", mode)
    day, segment = _split_date(bare)
    return Name(_checked(segment), mode, day)


def parse_folder(name: str) -> Name:
    """Read a folder's name; raises BadNameError.

    >>> parse_folder("(marketing)").segment, parse_folder("dashboard+ssr").mode
    ('', <Mode.SSR: 'ssr'>)
    """
    bare, mode = _split_suffix(name)
    if _GROUP.fullmatch(bare):
        return Name("", mode)
    day, segment = _split_date(bare)
    return Name(_checked(segment), mode, day)


def suffixless(path: str) -> str:
    """A source path without any ``+`` suffix: how links may name it.

    >>> suffixless("content/shop+ssr/[item]+ssg.html")
    'content/shop/[item].html'
    """
    if "+" not in path:
        return path
    return "/".join(_bare(part) for part in path.split("/"))


def _bare(part: str) -> str:
    stem, dot, extension = part.rpartition(".")
    name, plus, suffix = (stem if dot else part).rpartition("+")
    if not plus or not name or suffix not in SUFFIXES:
        return part
    return name + dot + extension if dot else name


def _split_suffix(name: str) -> tuple[str, Mode | None]:
    bare, plus, suffix = name.rpartition("+")
    if not plus:
        return name, None
    if suffix not in SUFFIXES:
        close = _MEANT.get(suffix) or suggestion(suffix, SUFFIXES)
        hint = f"{close} {_SUFFIX_HINT}" if close.startswith(("Did", "An")) else _SUFFIX_HINT
        raise BadNameError(f"`+{suffix}` is not a suffix that isrgen knows", hint)
    if not bare or "+" in bare:
        raise BadNameError(f"`{name}` is not one name with one suffix", "Write it as about+ssr.")
    return bare, SUFFIXES[suffix]


def _split_date(name: str) -> tuple[date | None, str]:
    dated = _DATED.fullmatch(name)
    if dated is None:
        return None, name
    try:
        return date.fromisoformat(dated[1]), dated[2]
    except ValueError as error:
        raise BadNameError(
            f"`{dated[1]}` is not a day of the calendar", "Mend the date in front of the name, or remove it."
        ) from error


def _checked(segment: str) -> str:
    if any(ord(character) < 0x20 or character == "\x7f" for character in segment):
        raise BadNameError("the name holds a control character, which no path may hold", "Rename it.")
    try:
        Pattern.parse("/" + segment)
    except ValueError as error:
        raise BadNameError(str(error), "Write [slug] for one segment, or [...path] for the rest.") from error
    return segment
