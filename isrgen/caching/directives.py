"""Cache-Control of a response, parsed once (RFC 9111 section 5.2.2).

Whoever is unsure does not share: a field that cannot be read, an argument
that is not a number, or two different values for one directive make the whole
field ``doubtful`` (section 4.2.1 asks to treat such a response as stale).
Unknown directives are ignored (section 5.2.3).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from isrgen.caching.policy import MAX_LIFETIME, Lifetime

FLAGS: Final = frozenset(
    {
        "public", "private", "no-store", "no-cache", "must-revalidate", "must-understand", "proxy-revalidate",
    }
)  # fmt: skip
"""Directives that are there or not. ``private`` and ``no-cache`` with a list of
fields are read as without one, which section 5.2.2 allows."""

NUMBERS: Final = frozenset({"max-age", "s-maxage", "stale-while-revalidate", "stale-if-error"})
"""Directives whose argument is delta-seconds."""

_WITH_FIELDS: Final = frozenset({"private", "no-cache"})

# One list element and the comma after it. The quantifiers are possessive, so no
# input is tried twice: the parser is linear.
_ELEMENT: Final = re.compile(
    r"[ \t]*+"
    r"(?:([!#$%&'*+\-.^_`|~0-9A-Za-z]++)"
    r"(?:=(?:([!#$%&'*+\-.^_`|~0-9A-Za-z]++)|\"((?:[^\"\\\x00-\x08\x0a-\x1f\x7f]|\\[\t\x20-\x7e])*+)\"))?)?"
    r"[ \t]*+(?:,|\Z)"
)
_ESCAPED: Final = re.compile(r"\\(.)")
_DIGITS: Final = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class ResponseDirectives:
    """What a response says about being kept; ``doubtful`` when it could not be understood."""

    public: bool = False
    private: bool = False
    no_store: bool = False
    no_cache: bool = False
    must_revalidate: bool = False
    must_understand: bool = False
    proxy_revalidate: bool = False
    max_age: int | None = None
    s_maxage: int | None = None
    stale_while_revalidate: int | None = None
    stale_if_error: int | None = None
    doubtful: bool = False


def parse(value: str) -> ResponseDirectives:
    """The directives of a Cache-Control field; several lines are joined with a comma first.

    >>> parse("public, s-maxage=60").s_maxage
    60
    >>> parse("max-age=60, max-age=70").doubtful
    True
    """
    pairs, readable = _elements(value)
    return collect(pairs, doubtful=not readable)


def collect(pairs: Iterable[tuple[str, str | None]], *, doubtful: bool = False) -> ResponseDirectives:
    """Directives from (lower-case name, argument) pairs."""
    flags: set[str] = set()
    numbers: dict[str, int] = {}
    for name, argument in pairs:
        if name in FLAGS:
            flags.add(name)
            doubtful |= argument is not None and name not in _WITH_FIELDS
        elif name in NUMBERS:
            seconds = delta_seconds(argument or "")
            doubtful |= seconds is None or numbers.get(name, seconds) != seconds
            numbers[name] = seconds or 0
    return ResponseDirectives(
        public="public" in flags,
        private="private" in flags,
        no_store="no-store" in flags,
        no_cache="no-cache" in flags,
        must_revalidate="must-revalidate" in flags,
        must_understand="must-understand" in flags,
        proxy_revalidate="proxy-revalidate" in flags,
        max_age=numbers.get("max-age"),
        s_maxage=numbers.get("s-maxage"),
        stale_while_revalidate=numbers.get("stale-while-revalidate"),
        stale_if_error=numbers.get("stale-if-error"),
        doubtful=doubtful,
    )


def delta_seconds(text: str) -> int | None:
    """A non-negative number of seconds, or None; what overflows is the largest (section 1.2.2).

    >>> delta_seconds("60"), delta_seconds("9" * 5000), delta_seconds("-1"), delta_seconds("1.5")
    (60, 2147483647, None, None)
    """
    if _DIGITS.fullmatch(text) is None:
        return None
    digits = text.lstrip("0") or "0"
    return MAX_LIFETIME if len(digits) > 10 else min(int(digits), MAX_LIFETIME)


def lifetime_of(directives: ResponseDirectives | None) -> Lifetime | None:
    """How long a shared cache may keep such a response; None: not at all.

    ``s-maxage`` together with ``stale-while-revalidate`` lets a stale response
    be sent within the window, although RFC 9111 section 5.2.2.10 gives
    ``s-maxage`` the meaning of ``proxy-revalidate``: the sites that write both
    mean the window. A response that could never be reused is not kept.

    >>> lifetime_of(parse("public, s-maxage=60, stale-while-revalidate=600"))
    Lifetime(fresh=60, stale_while_revalidate=600, stale_if_error=0)
    >>> lifetime_of(parse("private, s-maxage=60"))
    """
    if directives is None or directives.doubtful:
        return None
    if directives.private or directives.no_store or directives.no_cache:
        return None
    fresh = directives.s_maxage if directives.s_maxage is not None else directives.max_age
    if fresh is None:
        return None
    if directives.must_revalidate or directives.proxy_revalidate:
        lifetime = Lifetime(fresh)
    else:
        lifetime = Lifetime(fresh, directives.stale_while_revalidate or 0, directives.stale_if_error or 0)
    return None if lifetime == Lifetime(0) else lifetime


def _elements(value: str) -> tuple[list[tuple[str, str | None]], bool]:
    found: list[tuple[str, str | None]] = []
    position = 0
    while position < len(value):
        element = _ELEMENT.match(value, position)
        if element is None:
            return found, False
        if element[1] is not None:
            quoted = None if element[3] is None else _ESCAPED.sub(r"\1", element[3])
            found.append((element[1].lower(), element[2] if quoted is None else quoted))
        position = element.end()
    return found, True
