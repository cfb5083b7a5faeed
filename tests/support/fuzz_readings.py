"""Plain readings of the RFCs: slow, short, and written without looking at how isrgen does it."""

from __future__ import annotations

import re
from urllib.parse import unquote

import http_sfv

from isrgen.caching.directives import FLAGS, NUMBERS, ResponseDirectives

FIELDS = ("private", "no-cache")

UNRESERVED = re.compile(r"%(?:2[DE]|5F|7E|3[0-9]|[46][1-9A-F]|[57][0-9A])", re.IGNORECASE)


def read_cache_control(text: str) -> ResponseDirectives | None:
    """The field as a person reads it: cut at commas outside of quotes; None where that is not certain."""
    parts, inside, escaped = [""], False, False
    for character in text:
        if character == "," and not inside:
            parts.append("")
            continue
        parts[-1] += character
        inside ^= character == '"' and not escaped
        escaped = inside and character == "\\" and not escaped
    said: dict[str, set[str | None]] = {}
    for part in (part.strip(" \t") for part in parts):
        name, equals, value = part.partition("=")
        if not part:
            continue
        if not re.fullmatch(r"[!#$%&'*+.^_`|~\w-]+", name, re.ASCII):
            return None
        if value.startswith('"'):
            whole = re.fullmatch(r'"((?:[^"\\\x00-\x08\x0a-\x1f\x7f]|\\[\t\x20-\x7e])*)"', value, re.DOTALL)
            if whole is None:
                return None
            value = re.sub(r"\\(.)", r"\1", whole[1], flags=re.DOTALL)
        elif equals and not re.fullmatch(r"[!#$%&'*+.^_`|~\w-]+", value, re.ASCII):
            return None
        said.setdefault(name.lower(), set()).add(value if equals else None)
    return _understood(said)


def _understood(said: dict[str, set[str | None]]) -> ResponseDirectives | None:
    facts: dict[str, object] = {}
    for name, values in said.items():
        word = name.replace("-", "_")
        if name in FLAGS:
            if values != {None} and name not in FIELDS:
                return None
            facts[word] = True
        elif name in NUMBERS:
            if not all(value and value.isascii() and value.isdecimal() for value in values):
                return None
            seconds = {min(int(value or 0), 2**31 - 1) for value in values}
            if len(seconds) != 1:
                return None
            facts[word] = seconds.pop()
    return ResponseDirectives(**facts)  # type: ignore[arg-type]


Members = dict[str, object]


def read_dictionary(text: str) -> Members | None:
    """The members that the other reader finds; a list of items is a list. None for what is no dictionary."""
    found = http_sfv.Dictionary()
    try:
        found.parse(text.encode("latin-1"))
    except (ValueError, UnicodeError):
        return None
    return {name: getattr(member, "value", member) for name, member in found.items()}


DIFFERENT = re.compile(r"[\t:]|[0-9]\.(?![0-9])|%(?!\"|[0-9a-f]{2})")
"""``http_sfv`` takes ``1.`` for a number and ``% 0`` for an escape, and wants the padding of bytes that
RFC 9651 section 4.2.7 does not insist on; a tab is a blank between members only."""


def read_range(field: str, size: int) -> list[tuple[int, int]] | None:
    """Section 14.1.2; None for a field that is invalid, or not of bytes."""
    unit, equals, text = field.partition("=")
    if unit.strip(" \t").lower() != "bytes" or not equals:
        return None
    spans = []
    for spec in text.split(","):
        found = re.fullmatch(r"[ \t]*(?:([0-9]+)-([0-9]*)|-([0-9]+))[ \t]*", spec)
        if found is None:
            return None
        first, last, suffix = found.groups()
        if suffix is not None:
            spans.append((max(0, size - int(suffix)), size))
            continue
        if last and int(last) < int(first):
            return None
        spans.append((int(first), min(size, int(last) + 1) if last else size))
    return [span for span in spans if span[0] < span[1]]


def read_target(target: str) -> str:
    """RFC 3986 sections 6.2.2.1 and 6.2.2.2; of what is no URL nothing is known."""
    if re.sub("%[0-9A-Fa-f]{2}", "", target).count("%"):
        return target
    decoded = UNRESERVED.sub(lambda found: unquote(found[0]), target)
    return re.sub("%[0-9A-Fa-f]{2}", lambda found: found[0].upper(), decoded)
