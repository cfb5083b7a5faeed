"""Asking an origin whether a stored response still holds, and what its 304 changes (RFC 9111 section 4.3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from isrgen.caching.stored import HeaderPairs

_NEVER_UPDATED: Final = frozenset(
    {
        "content-digest", "content-encoding", "content-length", "content-md5", "content-range", "digest",
        "etag", "repr-digest",
    }
)  # fmt: skip
"""What describes the stored body, and so stays with it (section 3.2)."""

_NOT_OF_A_304: Final = frozenset({"age", "date"})
"""Facts of one message: without them in the new one, the stored ones are wrong."""

Fields = Sequence[tuple[str, str]]


def conditions(headers: Fields) -> HeaderPairs:
    """The fields that ask whether a stored response still holds (section 4.3.1).

    The validators go out as they came: an origin may compare letter by letter.
    """
    known = {"etag": "if-none-match", "last-modified": "if-modified-since"}
    found: dict[str, str] = {}
    for name, value in headers:
        if name in known and value:
            found.setdefault(known[name], value)
    return tuple(found.items())


def confirms(stored: Fields, new: Fields) -> bool:
    """Whether a 304 is about the stored response (section 4.3.4).

    One that names another entity tag than was asked for is about something
    else. One that names none answers the only question that was put.
    """
    named = _first(new, "etag")
    if named:
        return named.removeprefix("W/") == _first(stored, "etag").removeprefix("W/")
    modified = _first(new, "last-modified")
    return not modified or bool(_first(stored, "etag")) or modified == _first(stored, "last-modified")


def freshened(stored: Fields, new: Fields) -> HeaderPairs:
    """The stored fields, each replaced by those of its name in the new head (section 3.2).

    Of ``Content-Type`` the parameters are replaced, such as the charset; the
    type itself says what the stored bytes are.
    """
    is_same_type = _media_types(stored) == _media_types(new)
    kept = _NEVER_UPDATED if is_same_type else _NEVER_UPDATED | {"content-type"}
    update = [pair for pair in new if pair[0] not in kept]
    replaced = {name for name, _ in update} | _NOT_OF_A_304
    return (*(pair for pair in stored if pair[0] not in replaced), *update)


def is_same_representation(stored: Fields, size: int, head: Fields) -> bool:
    """Whether the answer to a HEAD is about the stored response to a GET (section 4.3.5)."""
    for name in ("etag", "last-modified"):
        if _first(head, name) and _first(head, name) != _first(stored, name):
            return False
    length = _first(head, "content-length")
    return not length or length == str(size)


def _media_types(headers: Fields) -> list[str]:
    types = (value for name, value in headers if name == "content-type")
    return [part.partition(";")[0].strip(" \t").lower() for value in types for part in value.split(",")]


def _first(headers: Fields, wanted: str) -> str:
    return next((value for name, value in headers if name == wanted), "")
