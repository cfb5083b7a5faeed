"""Which changes matter, and one call for each burst of them.

The top of the site is watched by itself and the folders that hold sources
with all they contain, so that a ``.venv`` or ``node_modules`` costs nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from pathlib import Path, PurePath
from typing import Final

from watchfiles import Change, watch

FOLDERS: Final = ("content", "templates", "static", "assets", "data")
FILES: Final = ("isrgen.toml", "pyproject.toml", "requirements.txt")

_LEFT_BY_PROGRAMS: Final = ("~", ".swp", ".swx", ".tmp", ".pyc", ".db", ".sqlite", ".sqlite3")
"""Endings of files that an editor or a database writes beside sources."""


def matters(path: PurePath) -> bool:
    """Whether a change of ``path``, relative to the site, asks for a build.

    A database's companions (``-wal``, ``-journal``) do not: a loader that
    writes would build the site at every visit.

    >>> [matters(PurePath(p)) for p in ("content/a.md", "isrgen.toml", "dist/index.html", "data/x.db-wal")]
    [True, True, False, False]
    """
    if not path.parts:
        return False
    if len(path.parts) == 1:
        return path.name in FILES or path.name in FOLDERS
    if path.parts[0] not in FOLDERS or "__pycache__" in path.parts:
        return False
    name = path.name.removesuffix("-wal").removesuffix("-shm").removesuffix("-journal")
    return not name.endswith(_LEFT_BY_PROGRAMS) and not name.startswith((".#", "4913"))


class Watcher:
    """Calls ``changed`` after every burst of changes that matter, until ``close``."""

    def __init__(self, root: Path, changed: Callable[[], None]) -> None:
        self._root = root.resolve()
        self._changed = changed
        self._closed = threading.Event()
        self._again = threading.Event()
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._top, self._folders)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        self._closed.set()
        self._again.set()

    def _filter(self, change: Change, path: str) -> bool:
        place = PurePath(path)
        return place.is_relative_to(self._root) and matters(place.relative_to(self._root))

    def _present(self) -> list[Path]:
        return [self._root / name for name in FOLDERS if (self._root / name).is_dir()]

    def _top(self) -> None:
        for found in watch(
            self._root, recursive=False, watch_filter=self._filter, stop_event=self._closed, debounce=200
        ):
            if self._holds_folder(found):
                self._again.set()
            self._changed()

    def _holds_folder(self, found: Iterable[tuple[Change, str]]) -> bool:
        return any(change is not Change.modified and PurePath(path).name in FOLDERS for change, path in found)

    def _folders(self) -> None:
        while not self._closed.is_set():
            self._again.clear()
            present = self._present()
            if not present:
                self._again.wait()
                continue
            for _ in watch(*present, watch_filter=self._filter, stop_event=self._again, debounce=200):
                self._changed()
