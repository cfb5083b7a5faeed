"""Header fields: ordered, case-insensitive, and never able to break a message apart."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from typing import Final, TypeVar, overload

from isrgen.caching.privacy import Said

_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_FORBIDDEN: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

D = TypeVar("D")

HeadersLike = Mapping[str, str] | Iterable[tuple[str, str]]


class Headers(MutableMapping[str, str]):
    """A mutable, case-insensitive mapping that may hold a name more than once.

    ``set`` replaces, but ``Set-Cookie`` is always appended: two cookies are
    two lines. Names and values that HTTP does not allow (RFC 9110 section 5)
    raise ValueError.
    """

    __slots__ = ("_items",)

    def __init__(self, headers: HeadersLike | None = None) -> None:
        self._items: list[tuple[str, str]] = []
        if isinstance(headers, Headers):
            self._items = list(headers._items)
        elif headers is not None:
            for name, value in headers.items() if isinstance(headers, Mapping) else headers:
                self.append(name, value)

    @overload
    def get(self, name: str, /) -> str | None: ...
    @overload
    def get(self, name: str, /, default: str) -> str: ...
    @overload
    def get(self, name: str, /, default: D) -> str | D: ...
    def get(self, name: str, /, default: object = None) -> object:
        """All values of a field joined with a comma, or ``default``."""
        values = self.getall(name)
        return ", ".join(values) if values else default

    def getall(self, name: str) -> list[str]:
        """Each line's value, in order."""
        wanted = name.lower()
        return [value for key, value in self._items if key.lower() == wanted]

    def set(self, name: str, value: str) -> None:
        """Replace every line of this name by one; ``Set-Cookie`` is appended."""
        if name.lower() == "set-cookie":
            self.append(name, value)
            return
        checked = _checked(name, value)
        self.delete(name)
        self._items.append(checked)

    def append(self, name: str, value: str) -> None:
        self._items.append(_checked(name, value))

    def delete(self, name: str) -> None:
        """Remove every line of this name; absent names are not an error."""
        wanted = name.lower()
        self._items = [item for item in self._items if item[0].lower() != wanted]

    def place_vary(self, where: Callable[[], tuple[str, int]]) -> None:
        """Note who said ``Vary``, where that is not noted yet; a warning may have to name the line."""
        for at, (name, value) in enumerate(self._items):
            if name.lower() == "vary" and not isinstance(value, Said):
                self._items[at] = (name, Said(value, *where()))

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Every line, as it goes on the wire."""
        return tuple(self._items)

    def copy(self) -> Headers:
        fresh = Headers()
        fresh._items = list(self._items)
        return fresh

    def __getitem__(self, name: str) -> str:
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __setitem__(self, name: str, value: str) -> None:
        self.set(name, value)

    def __delitem__(self, name: str) -> None:
        if name not in self:
            raise KeyError(name)
        self.delete(name)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and any(key.lower() == name.lower() for key, _ in self._items)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(key.lower() for key, _ in self._items))

    def __len__(self) -> int:
        return len({key.lower() for key, _ in self._items})

    def __repr__(self) -> str:
        return f"Headers({self._items!r})"


def _checked(name: str, value: str) -> tuple[str, str]:
    if not isinstance(name, str) or not _TOKEN.fullmatch(name):
        raise ValueError(f"{name!r} is not the name of a header field")
    if not isinstance(value, str):
        raise ValueError(f"the header {name} is {value!r}, which is not a string")
    if _FORBIDDEN.search(value):
        raise ValueError(f"the value of the header {name} holds a control character")
    try:
        value.encode("latin-1")
    except UnicodeEncodeError as error:
        raise ValueError(f"the value of the header {name} is not Latin-1: {value!r}") from error
    return name, value if isinstance(value, Said) else value.strip(" \t")
