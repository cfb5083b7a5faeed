"""The line of the site's own files that a link in a finished page was written in.

A page is made of its body, its layout, partials, data and the configuration's
menus. What the page says stands in one of them, as it is or without the path
of ``base_url``; it is looked for from the page's own file outwards.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

_FOLDERS: Final = ("templates", "data", "content")
_SUFFIXES: Final = (".html", ".xml", ".md", ".py", ".toml", ".yaml", ".yml", ".json", ".csv")
_LARGEST: Final = 2_000_000

Where = tuple[str, int | None]


class Places:
    """The files of one site, read when they are first looked into."""

    def __init__(self, root: Path, base_url: str, config: str = "") -> None:
        self._root = root
        self._base = urlsplit(base_url).path.rstrip("/")
        self._config = config
        self._texts: dict[str, list[str]] = {}
        self._shared: list[str] | None = None
        self._known: dict[tuple[str, str], Where] = {}

    def find(self, source: str, target: str) -> Where:
        """The file and line of a target on a page made from ``source``; no line where none is found."""
        one = (source, target)
        if one not in self._known:
            self._known[one] = self._find(source, target)
        return self._known[one]

    def _find(self, source: str, target: str) -> Where:
        source = self._existing(source)
        for written in self._spellings(target):
            pattern = re.compile(rf"(?<![\w/.-]){re.escape(written)}(?![\w/.-])")
            for file in self._files(source):
                for number, line in enumerate(self._lines(file), 1):
                    if written in line and pattern.search(line):
                        return file, number
        return source, None

    def _existing(self, source: str) -> str:
        """The file itself: what was copied may come from ``static/`` or from beside a page."""
        for candidate in (source, f"static/{source}", f"content/{source}"):
            if (self._root / candidate).is_file():
                return candidate
        return source

    def _spellings(self, target: str) -> list[str]:
        path = target.removeprefix(self._base) if self._base and target.startswith(self._base) else target
        short = path.partition("#")[0].partition("?")[0]
        fragment = f"#{target.partition('#')[2]}" if "#" in target else ""
        found = (target, path, target.replace("&", "&amp;"), unquote(path), fragment, short, unquote(short))
        return [written for written in dict.fromkeys(found) if len(written) > 1 or written == target]

    def _files(self, source: str) -> Iterator[str]:
        stem = source.rpartition(".")[0]
        yield from dict.fromkeys((source, f"{stem}.md", f"{stem}.html", f"{stem}.py"))
        if self._config:
            yield self._config
        yield from self._all_shared()

    def _all_shared(self) -> Iterable[str]:
        """What many pages are made of: templates, data, and the modules and pages that others list."""
        if self._shared is None:
            self._shared = [
                file.relative_to(self._root).as_posix()
                for folder in _FOLDERS
                for file in sorted((self._root / folder).rglob("*"))
                if file.suffix in _SUFFIXES and (folder != "content" or file.suffix == ".py")
            ]
        return self._shared

    def _lines(self, file: str) -> list[str]:
        if file not in self._texts:
            path = self._root / file
            is_text = path.is_file() and path.stat().st_size <= _LARGEST
            self._texts[file] = path.read_text("utf-8", "replace").splitlines() if is_text else []
        return self._texts[file]
