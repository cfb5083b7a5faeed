"""Posted forms: urlencoded, and multipart by way of the standard library's MIME parser."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email import policy
from email.parser import BytesParser
from urllib.parse import parse_qsl

from isrgen.http.bodies import BadBodyError

_MOST_FIELDS = 1000


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
    head = b"MIME-Version: 1.0\r\nContent-Type: " + content_type.encode("latin-1", "replace") + b"\r\n\r\n"
    try:
        message = BytesParser(policy=policy.HTTP).parsebytes(head + body)
    except RecursionError as error:
        raise BadBodyError("The multipart body cannot be read.") from error
    if not message.is_multipart():
        raise BadBodyError("The multipart body cannot be read.")
    items: list[tuple[str, str | Upload]] = []
    for part in list(message.iter_parts())[:_MOST_FIELDS]:
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True) or b""
        if not isinstance(name, str) or not isinstance(content, bytes):
            continue
        filename = part.get_filename()
        if filename is None:
            items.append((name, content.decode("utf-8", "replace")))
        else:
            items.append((name, Upload(filename, part.get_content_type(), content)))
    return Form(items)
