"""The cookies, headers and query parameters that a site's own code mentions by name.

A value that nobody sends cannot leak: the visitors of a test have to send what
the site looks for. The names are found in its text, without running it; those
that it makes up or holds in constants show when it reads them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from isrgen.caching.privacy import Read, What

_FOLDERS: Final = ("content", "templates")
_SUFFIXES: Final = (".py", ".html", ".xml", ".txt")
_LARGEST: Final = 1_000_000
_ASKED: Final = r"""(?:\.get(?:all)?\(\s*|\[\s*)["']([A-Za-z0-9_.-]{1,60})["']"""
_DOTTED: Final = r"\.(?!get\b|getall\b|items\b|keys\b|values\b)([A-Za-z_]\w{0,60})"

_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,60}")
_COOKIE: Final = re.compile(rf"\bcookies(?:{_ASKED}|{_DOTTED})")
_HEADER: Final = re.compile(rf"\bheaders{_ASKED}")
_QUERY: Final = re.compile(rf"\b(?:query|args)(?:{_ASKED}|{_DOTTED})")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Names in the order in which they were found; those of ``headers`` are lower case."""

    cookies: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    query: tuple[str, ...] = ()

    def with_reads(self, reads: Iterable[Read]) -> Vocabulary:
        """With the names that renders asked for.

        >>> Vocabulary(cookies=("sid",)).with_reads([Read(What.COOKIE, "cart"), Read(What.QUERY, "a b")])
        Vocabulary(cookies=('sid', 'cart'), headers=(), query=())
        """
        asked = [read for read in reads if _NAME.fullmatch(read.name)]
        return Vocabulary(
            _distinct(self.cookies, (read.name for read in asked if read.what is What.COOKIE)),
            _distinct(self.headers, (read.name for read in asked if read.what is What.HEADER)),
            _distinct(self.query, (read.name for read in asked if read.what is What.QUERY)),
        )


def read_vocabulary(root: Path, bypass_cookies: Iterable[str] = (), vary: Iterable[str] = ()) -> Vocabulary:
    """What the code of the site at ``root`` mentions, after what its routes list."""
    texts = list(_texts(root))
    return Vocabulary(
        cookies=_distinct(bypass_cookies, _found(_COOKIE, texts)),
        headers=_distinct(name.lower() for name in (*vary, *_found(_HEADER, texts))),
        query=_distinct(_found(_QUERY, texts)),
    )


def _texts(root: Path) -> Iterator[str]:
    for folder in _FOLDERS:
        for file in sorted((root / folder).rglob("*")):
            if file.suffix in _SUFFIXES and file.is_file() and file.stat().st_size <= _LARGEST:
                yield file.read_text(encoding="utf-8", errors="replace")


def _found(pattern: re.Pattern[str], texts: Iterable[str]) -> Iterator[str]:
    """
    >>> list(_found(_COOKIE, ['cookies.get("sid"), request.cookies["theme"], {{ request.cookies.cart }}']))
    ['sid', 'theme', 'cart']
    """
    for text in texts:
        for found in pattern.finditer(text):
            yield next(name for name in found.groups() if name)


def _distinct(*names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for some in names for name in some))
