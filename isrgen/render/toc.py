"""Headings: their ids, and the tree they form."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from isrgen.site.entry import Heading

_DEEPEST: Final = 4
_APART: Final = re.compile(r"[^\w]+")


@dataclass(frozen=True, slots=True)
class Title:
    """One heading: ``level`` 1 to 6, its id, and its text without markup."""

    level: int
    id: str
    text: str


class Ids:
    """Gives each heading of a page an id of its own; ``taken`` are those people wrote themselves."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)
        self._last: dict[str, int] = {}

    def give(self, text: str) -> str:
        """The id for a heading.

        >>> ids = Ids(); ids.give("Brew it"), ids.give("Brew it"), ids.give("Zażółć!"), ids.give("?")
        ('brew-it', 'brew-it-2', 'zażółć', 'section')
        """
        wanted = found = slug(text) or "section"
        number = self._last.get(wanted, 1)
        while found in self._taken:
            number += 1
            found = f"{wanted}-{number}"
        self._last[wanted] = number
        self._taken.add(found)
        return found


def slug(text: str) -> str:
    """Lower-case words of any script with ``-`` between them.

    >>> slug("C++ & Rust: 1.0!")
    'c-rust-1-0'
    """
    return _APART.sub("-", unicodedata.normalize("NFC", text).lower()).strip("-_")


def tree(titles: Sequence[Title]) -> tuple[Heading, ...]:
    """The table of contents: four levels, and without a lone level 1, which is the page's title.

    >>> found = tree([Title(1, "a", "A"), Title(2, "b", "B"), Title(3, "c", "C")])
    >>> [(heading.text, len(heading.children)) for heading in found]
    [('B', 1)]
    """
    lone = sum(title.level == 1 for title in titles) == 1
    kept = [title for title in titles if title.level <= _DEEPEST and not (lone and title.level == 1)]
    return _nest(kept)


def _nest(titles: Sequence[Title]) -> tuple[Heading, ...]:
    """A heading's children are the deeper ones that follow it."""
    found: list[Heading] = []
    start = 0
    while start < len(titles):
        first, end = titles[start], start + 1
        while end < len(titles) and titles[end].level > first.level:
            end += 1
        found.append(Heading(first.id, first.text, first.level, _nest(titles[start + 1 : end])))
        start = end
    return tuple(found)
