"""The cache key, and the choice among the responses stored under it.

A key is the canonical path and, after ``?``, the parameters that the route
lists, and nothing else of the request; so it can be turned back into the
request that a regeneration needs. What ``Vary`` names selects among the
stored responses of one key (RFC 9111 section 4.1).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlencode

from isrgen.caching.policy import MAX_VARIANTS, CachePolicy
from isrgen.caching.stored import HeaderPairs, Stored

__all__ = [
    "MAX_KEY",
    "MAX_VARIANTS",
    "Selecting",
    "cache_key",
    "canonical_path",
    "compatible",
    "normalise",
    "parse_key",
    "select",
    "selecting_fields",
]

MAX_KEY: Final = 4096
"""Characters; a request with a longer key is rendered and not kept."""

_SAFE: Final = "/-._~!$&'()*+,;=:@"
_SPACE: Final = re.compile(r"[ \t]+")
_QUALITY: Final = re.compile(r"[01](?:\.[0-9]{0,3})?")
_MOST_PREFERENCES: Final = 12
_MOST_PARTS: Final = 32
_LONGEST_VALUE: Final = 1024
"""Characters; what is longer selects nothing and is shown to nobody, for it costs more than it says."""


def cache_key(path: str, query: Iterable[tuple[str, str]], policy: CachePolicy) -> str:
    """The key of a request, or "" when it would be too long to keep.

    ``path`` is canonical and percent-encoded. Parameters are sorted by name;
    those of one name keep their order, for it may matter to who reads them.

    >>> cache_key("/blog/", [("utm", "x"), ("page", "2")], CachePolicy(query=("page",)))
    '/blog/?page=2'
    """
    listed = sorted(((n, v) for n, v in query if n in policy.query), key=lambda pair: pair[0])
    key = f"{path}?{urlencode(listed)}" if listed else path
    return key if len(key) <= MAX_KEY else ""


def parse_key(key: str) -> tuple[str, list[tuple[str, str]]]:
    """The path and the query pairs that a key stands for.

    >>> parse_key("/blog/?page=2&page=")
    ('/blog/', [('page', '2'), ('page', '')])
    """
    path, _, query = key.partition("?")
    return path, parse_qsl(query, keep_blank_values=True)


def canonical_path(path: str) -> str:
    """A path as people write it, in the encoding that keys use; a query is left out.

    >>> canonical_path("/blog/café/?page=2")
    '/blog/caf%C3%A9/'
    """
    plain = path.partition("?")[0].partition("#")[0]
    return "/".join(quote(unquote(part), safe=_SAFE.replace("/", "")) for part in plain.split("/"))


class Selecting:
    """The normalised values that one request has for the fields ``Vary`` names; "" for none.

    Each is worked out once, however many variants ask for it.

    >>> Selecting([("Accept-Language", "de;q=0.7, en-GB")])(("accept-language",))
    (('accept-language', 'en-gb, de;q=0.9'),)
    """

    __slots__ = ("_found", "_headers", "_values")

    def __init__(self, headers: Iterable[tuple[str, str]]) -> None:
        self._headers = tuple(headers)
        self._values: dict[str, str] = {}
        self._found: dict[tuple[str, ...], HeaderPairs] = {}

    def __call__(self, vary: tuple[str, ...]) -> HeaderPairs:
        found = self._found.get(vary)
        if found is None:
            found = tuple((name, self._value(name)) for name in sorted({name.lower() for name in vary}))
            self._found[vary] = found
        return found

    def _value(self, name: str) -> str:
        if name not in self._values:
            lines = (value for field, value in self._headers if field.lower() == name)
            self._values[name] = normalise(name, ", ".join(lines))
        return self._values[name]


def selecting_fields(vary: Iterable[str], headers: Iterable[tuple[str, str]]) -> HeaderPairs:
    """``Selecting`` for whoever asks only once."""
    return Selecting(headers)(tuple(vary))


def normalise(name: str, value: str) -> str:
    """One spelling for values that mean the same (RFC 9111 section 4.1).

    Preferences keep their order and lose the exact weights, which browsers
    choose at will; in other fields only white space is not significant. What
    comes out is also what the page is shown: a page that could see more than
    selects it would be sent to those for whom it was not made.
    """
    if len(value) > _LONGEST_VALUE:
        return ""
    rule = _NORMALISERS.get(name.lower())
    spelled = rule(value) if rule is not None else _SPACE.sub(" ", value).strip()
    return spelled if len(spelled) <= _LONGEST_VALUE else ""


def _preferences(value: str) -> str:
    known: dict[str, float] = {}
    for part in _SPACE.sub("", value).lower().split(",", _MOST_PARTS)[:_MOST_PARTS]:
        # What follows the weight means nothing (RFC 9110 section 12.5.1).
        item, _, said = part.partition(";q=")
        found = _QUALITY.match(said)
        weight = min(float(found[0]), 1.0) if found else 1.0
        if item and weight > 0:
            known.setdefault(item, weight)
    ranked = sorted(known.items(), key=lambda pair: -pair[1])[:_MOST_PREFERENCES]
    weights = sorted({weight for _, weight in ranked}, reverse=True)
    rank = {weight: position for position, weight in enumerate(weights)}
    return ", ".join(item + _weight(rank[weight]) for item, weight in ranked)


def _weight(rank: int) -> str:
    return f";q={max(1, 10 - rank) / 10:g}" if rank else ""


_NORMALISERS: Final[dict[str, Callable[[str], str]]] = {
    "accept": _preferences,
    "accept-encoding": _preferences,
    "accept-language": _preferences,
}


def select(variants: Sequence[Stored], selecting: Callable[[tuple[str, ...]], HeaderPairs]) -> Stored | None:
    """The stored response that a request selects; of several, the first (the most recent)."""
    for stored in variants:
        if not stored.selecting:
            return stored
        if selecting(tuple(name for name, _ in stored.selecting)) == stored.selecting:
            return stored
    return None


def compatible(one: HeaderPairs, other: HeaderPairs) -> bool:
    """Whether one request could select both: they agree wherever both speak.

    What a page varies on can change from one render to the next. The newer of
    two compatible responses replaces the older, or the older would go on
    answering requests that the newer knows to tell apart.

    >>> compatible((), (("accept", "a"),)), compatible((("accept", "a"),), (("accept", "b"),))
    (True, False)
    """
    known = dict(one)
    return all(known.get(name, value) == value for name, value in other)
