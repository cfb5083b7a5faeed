"""Posted forms: urlencoded and multipart (RFC 7578), read in time proportional to their size."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, unquote

from isrgen.http.bodies import BadBodyError

_MOST_FIELDS: Final = 1000
_MOST_HEAD: Final = 8 * 1024
_LONGEST_BOUNDARY: Final = 200

# Browsers escape no backslash in a file's name, so one means itself unless a quote follows.
_PARAMETER: Final = re.compile(
    r'[\s;]*;\s*([^\s=;"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))\s*(?=;|$)', re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Upload:
    """A posted file; ``filename`` is what the browser said and is not to be trusted as a path."""

    filename: str
    content_type: str
    content: bytes


class Form(Mapping[str, "str | Upload"]):
    """The fields of a form; a name may stand more than once."""

    __slots__ = ("_items",)

    def __init__(self, items: list[tuple[str, str | Upload]]) -> None:
        self._items = items

    def getall(self, name: str) -> list[str | Upload]:
        return [value for key, value in self._items if key == name]

    def __getitem__(self, name: str) -> str | Upload:
        values = self.getall(name)
        if not values:
            raise KeyError(name)
        return values[0]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(key for key, _ in self._items))

    def __len__(self) -> int:
        return len({key for key, _ in self._items})


def parse_form(content_type: str, body: bytes) -> Form:
    """The fields of a body, by its media type; raises BadBodyError for one that is not a form."""
    media = content_type.partition(";")[0].strip().lower()
    if media == "application/x-www-form-urlencoded":
        text = body.decode("utf-8", "replace")
        try:
            return Form(list(parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)))
        except ValueError as error:
            raise BadBodyError(f"The form has more than {_MOST_FIELDS} fields.") from error
    if media == "multipart/form-data":
        return _multipart(content_type, body)
    raise BadBodyError(f"The body is {media or 'of no declared type'}, not a form.")


def _multipart(content_type: str, body: bytes) -> Form:
    items: list[tuple[str, str | Upload]] = []
    for part in _parts(body, _boundary(content_type)):
        head, blank, content = part.partition(b"\r\n\r\n")
        if not blank or len(head) > _MOST_HEAD:
            raise _unreadable("a part of it has no headers, or too large ones")
        headers = _headers(head.decode("utf-8", "replace"))
        facts = _parameters(headers.get("content-disposition", ""))
        filename = _filename(facts)
        if "name" not in facts:
            continue
        if filename is None:
            items.append((facts["name"], content.decode("utf-8", "replace")))
        else:
            media = headers.get("content-type", "text/plain").partition(";")[0].strip().lower()
            items.append((facts["name"], Upload(filename, media, content)))
    return Form(items)


def _boundary(content_type: str) -> bytes:
    boundary = _parameters(content_type).get("boundary", "")
    if not 1 <= len(boundary) <= _LONGEST_BOUNDARY:
        raise _unreadable("it names no boundary")
    return boundary.encode("latin-1", "replace")


def _parts(body: bytes, boundary: bytes) -> list[bytes]:
    """What stands between the boundaries, each with the line break that ends its boundary (RFC 2046 5.1.1).

    A boundary that is followed by neither a line break nor ``--`` is content.
    """
    delimiter = b"\r\n--" + boundary
    body = b"\r\n" + body
    if body.count(delimiter) > _MOST_FIELDS + 1:
        raise BadBodyError(f"The form has more than {_MOST_FIELDS} parts.")
    _, *pieces = body.split(delimiter)
    parts: list[list[bytes]] = []
    for piece in pieces:
        if piece.startswith(b"--"):
            return [delimiter.join(part) for part in parts]
        if piece.lstrip(b" \t").startswith(b"\r\n"):
            parts.append([piece.lstrip(b" \t")])
        elif parts:
            parts[-1].append(piece)
    raise _unreadable("it breaks off")


def _headers(head: str) -> dict[str, str]:
    lines = (line.partition(":") for line in head.split("\r\n"))
    return {name.strip().lower(): value.strip() for name, _, value in lines}


def _parameters(header: str) -> dict[str, str]:
    r"""The parameters of a header's value, read once from left to right.

    >>> _parameters('form-data; name="a\\"b"; filename=c.txt')
    {'name': 'a"b', 'filename': 'c.txt'}
    """
    found: dict[str, str] = {}
    at = header.find(";")
    while at >= 0 and (match := _PARAMETER.match(header, at)):
        name, quoted, plain = match.groups()
        value = plain if quoted is None else quoted.replace('\\"', '"')
        found.setdefault(name.lower(), value)
        at = match.end()
    return found


def _filename(facts: Mapping[str, str]) -> str | None:
    """The file's name; an encoded one (RFC 8187) is more exact than the plain one."""
    charset, mark, encoded = facts.get("filename*", "").partition("''")
    if mark and charset.lower() == "utf-8":
        return unquote(encoded)
    return facts.get("filename")


def _unreadable(why: str) -> BadBodyError:
    return BadBodyError(f"The multipart body cannot be read: {why}.")
