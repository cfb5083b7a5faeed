"""What selects among the variants of a proxied response: request fields, as RFC 9111 lets them be spelt.

Section 4.1 lets a cache join the lines of a field, drop white space where it
means nothing, and bring a value into one spelling where its field says that
case or spacing has no meaning. Nothing is cut short, for the origin saw it all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

from isrgen.caching.stored import HeaderPairs

_AROUND_COMMAS: Final = re.compile(r"[ \t]*,[ \t,]*")
_AROUND_SEMICOLONS: Final = re.compile(r"[ \t]*;[ \t]*")
_EMPTY: Final = " "
"""The value of a field that is there and empty, which is not the same as none."""


class Verbatim:
    """The values that one request has for the fields ``Vary`` names; "" for none.

    >>> Verbatim((("accept-language", "EN , de"), ("foo", "1"), ("foo", "2")))(("foo", "accept-language"))
    (('accept-language', 'en,de'), ('foo', '1, 2'))
    """

    __slots__ = ("_found", "_headers")

    def __init__(self, headers: HeaderPairs) -> None:
        self._headers = headers
        self._found: dict[tuple[str, ...], HeaderPairs] = {}

    def __call__(self, names: tuple[str, ...]) -> HeaderPairs:
        found = self._found.get(names)
        if found is None:
            found = tuple((name, self._value(name)) for name in sorted({name.lower() for name in names}))
            self._found[names] = found
        return found

    def _value(self, wanted: str) -> str:
        lines = [value for name, value in self._headers if name == wanted]
        if not lines:
            return ""
        joined = ("; " if wanted == "cookie" else ", ").join(lines).strip(" \t")
        spelled = _SPELLINGS.get(wanted, str)(joined)
        return spelled or _EMPTY


def fields_of(selecting: HeaderPairs) -> HeaderPairs:
    """The request fields that select a variant: what a refresh of it asks with.

    >>> fields_of((("accept", ""), ("foo", " "), ("bar", "1")))
    (('foo', ''), ('bar', '1'))
    """
    return tuple((name, value.strip(" ")) for name, value in selecting if value)


def is_variant(selecting: HeaderPairs, fields: Iterable[tuple[str, str]]) -> bool:
    """Whether a refresh with these fields is one of this variant."""
    return tuple((name, value) for name, value in selecting if value) == tuple(fields)


def is_ambiguous(headers: Iterable[tuple[str, str]], vary: Iterable[str]) -> bool:
    """Whether some origins would take a field of the request for another one that ``Vary`` names.

    CGI and what is made like it (WSGI) know no difference between ``-`` and
    ``_``, and others do: which request selects the answer cannot be told.

    >>> is_ambiguous([("accept_language", "de")], ("accept-language",))
    True
    >>> is_ambiguous([("accept-language", "de"), ("x_y", "")], ("accept-language",))
    False
    """
    named = {name.replace("_", "-"): name for name in vary}
    return any(named.get(name.replace("_", "-"), name) != name for name, _ in headers)


def _list(value: str) -> str:
    if '"' in value:
        return value
    return _AROUND_COMMAS.sub(",", value).strip(",")


def _preferences(value: str) -> str:
    """A list of names in which case means nothing (RFC 9110 sections 12.5.2 to 12.5.4)."""
    return _AROUND_SEMICOLONS.sub(";", _list(value)).lower()


_SPELLINGS: Final[dict[str, Callable[[str], str]]] = {
    "accept": _list,
    "accept-charset": _preferences,
    "accept-encoding": _preferences,
    "accept-language": _preferences,
}
