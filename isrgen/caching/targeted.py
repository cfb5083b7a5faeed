"""CDN-Cache-Control: a field for shared caches that wins over Cache-Control (RFC 9213).

It is a dictionary of structured fields (RFC 9651 section 4.2.2), parsed to the
letter: one wrong character and the whole field is as if it were not there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote_to_bytes

from isrgen.caching.directives import FLAGS, NUMBERS, ResponseDirectives, collect
from isrgen.caching.directives import parse as parse_cache_control

_KEY: Final = re.compile(r"[a-z*][a-z0-9_\-.*]*+")
_BLANK: Final = re.compile(r"[ \t]*+")
_SPACES: Final = re.compile(r" *+")
_ITEMS: Final = (
    ("decimal", re.compile(r"-?[0-9]{1,12}\.[0-9]{1,3}(?![0-9.])")),
    ("integer", re.compile(r"-?[0-9]{1,15}(?![0-9.])")),
    ("string", re.compile(r'"(?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*+"')),
    ("token", re.compile(r"[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*+")),
    ("bytes", re.compile(r":[A-Za-z0-9+/]*+={0,2}:")),
    ("boolean", re.compile(r"\?[01]")),
    ("date", re.compile(r"@-?[0-9]{1,15}(?![0-9.])")),
    ("display", re.compile(r'%"(?:[\x20-\x21\x23-\x24\x26-\x7e]|%[0-9a-f]{2})*+"')),
)
"""The bare items of RFC 9651 section 3.3; no two begin alike but the numbers."""


class _BadFieldError(ValueError):
    """The field is not a dictionary."""


def directives_of(headers: Iterable[tuple[str, str]]) -> ResponseDirectives | None:
    """What a response says to a shared cache, or None when it says nothing.

    >>> directives_of([("Cache-Control", "private"), ("CDN-Cache-Control", "max-age=60")]).max_age
    60
    """
    lines: dict[str, list[str]] = {"cache-control": [], "cdn-cache-control": []}
    for name, value in headers:
        lines.get(name.lower(), []).append(value)
    targeted = parse(", ".join(lines["cdn-cache-control"]))
    if targeted is not None:
        return targeted
    if not lines["cache-control"]:
        return None
    return parse_cache_control(", ".join(lines["cache-control"]))


def has_targeted(headers: Iterable[tuple[str, str]]) -> bool:
    """Whether a valid targeted field is there, beside which Expires and Cache-Control say nothing."""
    lines = [value for name, value in headers if name.lower() == "cdn-cache-control"]
    return bool(lines) and parse(", ".join(lines)) is not None


def parse(value: str) -> ResponseDirectives | None:
    """The directives of a targeted field; None when it is empty or invalid, and so to be ignored.

    A directive that is known but has an argument of the wrong type makes the
    result doubtful: the field was aimed at us and we cannot tell what it means.

    >>> parse("max-age=60, stale-while-revalidate=600").stale_while_revalidate
    600
    >>> parse("max-age=60,") is None
    True
    """
    try:
        members = _dictionary(value.strip(" "))
    except _BadFieldError:
        return None
    if not members:
        return None
    pairs: list[tuple[str, str | None]] = []
    doubtful = False
    for name, (kind, text) in members.items():
        if name in NUMBERS:
            pairs.append((name, text if kind == "integer" else ""))
        elif name in FLAGS and kind == "boolean":
            if text == "?1":
                pairs.append((name, None))
        elif name in FLAGS:
            pairs.append((name, None))
            doubtful |= name not in ("private", "no-cache")
    return collect(pairs, doubtful=doubtful)


def _dictionary(text: str) -> dict[str, tuple[str, str]]:
    members: dict[str, tuple[str, str]] = {}
    position = 0
    while position < len(text):
        name, position = _take(_KEY, text, position)
        member = ("boolean", "?1")
        if text[position : position + 1] == "=":
            member, position = _member(text, position + 1)
        position = _parameters(text, position)
        members.pop(name, None)
        members[name] = member
        _, position = _take(_BLANK, text, position)
        if position == len(text):
            break
        _, position = _expect(",", text, position)
        _, position = _take(_BLANK, text, position)
        if position == len(text):
            raise _BadFieldError("a comma at the end")
    return members


def _member(text: str, position: int) -> tuple[tuple[str, str], int]:
    if text[position : position + 1] != "(":
        return _item(text, position)
    position += 1
    while True:
        _, position = _take(_SPACES, text, position)
        if text[position : position + 1] == ")":
            return ("list", ""), position + 1
        _, position = _item(text, position)
        position = _parameters(text, position)
        if text[position : position + 1] not in (" ", ")"):
            raise _BadFieldError("an inner list that does not end")


def _item(text: str, position: int) -> tuple[tuple[str, str], int]:
    for kind, pattern in _ITEMS:
        found = pattern.match(text, position)
        if found is not None:
            if kind == "display" and not _is_utf8(found[0]):
                raise _BadFieldError("a display string that is not UTF-8")
            return (kind, found[0]), found.end()
    raise _BadFieldError("not an item")


def _is_utf8(display: str) -> bool:
    """Whether the escapes of a display string are text (RFC 9651 section 4.2.10)."""
    try:
        unquote_to_bytes(display).decode()
    except UnicodeDecodeError:
        return False
    return True


def _parameters(text: str, position: int) -> int:
    while text[position : position + 1] == ";":
        _, position = _take(_SPACES, text, position + 1)
        _, position = _take(_KEY, text, position)
        if text[position : position + 1] == "=":
            _, position = _item(text, position + 1)
    return position


def _take(pattern: re.Pattern[str], text: str, position: int) -> tuple[str, int]:
    found = pattern.match(text, position)
    if found is None:
        raise _BadFieldError(f"unexpected text at {position}")
    return found[0], found.end()


def _expect(character: str, text: str, position: int) -> tuple[str, int]:
    if text[position : position + 1] != character:
        raise _BadFieldError(f"unexpected text at {position}")
    return character, position + 1
