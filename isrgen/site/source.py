"""Find the files of a site; what their names say, and which lie beside which.

Folders are read once, in the order of their names, so that two loads of one
tree give the same site.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Final

from isrgen.errors import Problem
from isrgen.routing.strategy import Mode
from isrgen.site.names import BadNameError, parse_folder

CONTENT: Final = "content"
MIDDLEWARE: Final = "_middleware.py"
PAGE_TYPES: Final = (".md", ".html", ".py")
_CLUTTER: Final = (".DS_Store", ".gitkeep", ".gitignore", "Thumbs.db", "__pycache__")


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder below ``content/``: the route's segments so far, and who speaks for its pages.

    ``section`` is the folder's path without groups, dates and parameters.
    """

    path: str = CONTENT
    segments: tuple[str, ...] = ()
    mode: tuple[Mode, str] | None = None
    middleware: tuple[str, ...] = ()
    day: date | None = None
    section: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """The files of one page: what has one stem in one folder, by extension."""

    folder: Folder
    stem: str
    files: dict[str, str]


@dataclass(slots=True)
class Tree:
    """What lies below ``content/``, sorted into pages, other files, and Python."""

    groups: list[Group] = field(default_factory=list)
    others: list[tuple[Folder, str]] = field(default_factory=list)
    middleware: list[str] = field(default_factory=list)
    python: list[str] = field(default_factory=list)


class Scanner:
    """Reads folders of one site; what may not be read becomes a problem."""

    def __init__(self, root: Path, problems: list[Problem]) -> None:
        self._root = root
        self._real_root = os.path.realpath(root)
        self._problems = problems

    def content(self) -> Tree:
        tree = Tree()
        if not self._starts_outside(CONTENT):
            self._scan(Folder(), tree, ())
        return tree

    def files(self, folder: str) -> list[str]:
        """Every file below a folder of the site, relative to the site."""
        if self._starts_outside(folder):
            return []
        return [path for path in self._walk(folder, ()) if not self._is_bad_name(path)]

    def _walk(self, folder: str, above: tuple[str, ...]) -> Iterator[str]:
        for entry, path in self._entries(folder):
            if entry.is_dir():
                if (inside := self._entered(entry, path, above)) is not None:
                    yield from self._walk(path, inside)
            elif self._is_file(entry, path):
                yield path

    def _scan(self, folder: Folder, tree: Tree, above: tuple[str, ...]) -> None:
        entries = list(self._entries(folder.path))
        if any(entry.name == MIDDLEWARE for entry, _ in entries):
            tree.middleware.append(f"{folder.path}/{MIDDLEWARE}")
            folder = replace(folder, middleware=(*folder.middleware, tree.middleware[-1]))
        groups: dict[str, dict[str, str]] = {}
        for entry, path in entries:
            if entry.is_dir():
                self._scan_folder(entry, path, folder, tree, above)
            elif self._is_file(entry, path) and not self._is_bad_name(path):
                self._sort_file(entry.name, path, folder, tree, groups)
        tree.groups.extend(Group(folder, stem, files) for stem, files in groups.items())

    def _scan_folder(
        self, entry: os.DirEntry[str], path: str, folder: Folder, tree: Tree, above: tuple[str, ...]
    ) -> None:
        if entry.name.startswith("."):
            return
        if entry.name.startswith("_"):
            tree.python.extend(file for file in self._walk(path, above) if file.endswith(".py"))
            return
        if self._is_bad_name(path) or (inside := self._entered(entry, path, above)) is None:
            return
        try:
            self._scan(_inner(folder, entry.name, path), tree, inside)
        except BadNameError as error:
            self._problems.append(Problem(f"This folder has no route: {error}.", error.hint, path))

    def _sort_file(
        self, name: str, path: str, folder: Folder, tree: Tree, groups: dict[str, dict[str, str]]
    ) -> None:
        stem, dot, extension = name.rpartition(".")
        extension = dot + extension
        if extension == ".py":
            tree.python.append(path)
        if name.startswith(("_", ".")) or name.endswith("~") or name in _CLUTTER:
            return
        if extension in PAGE_TYPES:
            groups.setdefault(stem, {})[extension] = path
        elif extension != ".pyc":
            tree.others.append((folder, path))

    def _entries(self, folder: str) -> Iterator[tuple[os.DirEntry[str], str]]:
        try:
            with os.scandir(self._root / folder) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except FileNotFoundError:
            return
        except OSError as error:
            hint = "Check its permissions, or remove it."
            self._problems.append(Problem(f"This folder cannot be read: {error.strerror}.", hint, folder))
            return
        for entry in entries:
            path = f"{folder}/{entry.name}"
            if entry.name not in _CLUTTER and not self._leaves(entry, path):
                yield entry, path

    def _starts_outside(self, folder: str) -> bool:
        path = self._root / folder
        return path.is_symlink() and self._leads_out(os.fspath(path), folder)

    def _leaves(self, entry: os.DirEntry[str], path: str) -> bool:
        return entry.is_symlink() and self._leads_out(entry.path, path)

    def _leads_out(self, link: str, path: str) -> bool:
        """Whether a symbolic link leads out of the site, or nowhere."""
        real = os.path.realpath(link)
        if not Path(real).exists():
            message, hint = "This symbolic link leads nowhere.", "Mend it or remove it."
        elif os.path.commonpath([real, self._real_root]) != self._real_root:
            message, hint = "This symbolic link leaves the site.", "Copy what it points at into the site."
        else:
            return False
        self._problems.append(Problem(message, hint, path))
        return True

    def _entered(self, entry: os.DirEntry[str], path: str, above: tuple[str, ...]) -> tuple[str, ...] | None:
        """The real folders one is in after entering this one; None for a circle."""
        real = os.path.realpath(entry.path) if entry.is_symlink() or above else entry.path
        if real in above or (entry.is_symlink() and self._contains(real, path)):
            hint = "Remove it: its folder would contain itself."
            self._problems.append(Problem("This symbolic link leads in a circle.", hint, path))
            return None
        return (*above, real) if entry.is_symlink() or above else above

    def _contains(self, real: str, path: str) -> bool:
        parent = os.path.realpath(self._root / path.rpartition("/")[0])
        return parent == real or parent.startswith(real + os.sep)

    def _is_file(self, entry: os.DirEntry[str], path: str) -> bool:
        if entry.is_file():
            return True
        self._problems.append(Problem("It is neither a file nor a folder.", "Remove it.", path))
        return False

    def _is_bad_name(self, path: str) -> bool:
        try:
            path.encode("utf-8")
        except UnicodeEncodeError:
            file = path.encode("utf-8", "backslashreplace").decode("utf-8")
            self._problems.append(Problem("Its name is not UTF-8.", "Rename it.", file))
            return True
        return False


def _inner(folder: Folder, name: str, path: str) -> Folder:
    """What a folder's name adds to what is known of the folder it lies in; raises BadNameError."""
    named = parse_folder(name)
    segments = folder.segments + ((named.segment,) if named.segment else ())
    is_section = named.segment and not named.day and not any("[" in segment for segment in segments)
    return Folder(
        path,
        segments,
        (named.mode, name) if named.mode else folder.mode,
        folder.middleware,
        named.day,
        "/".join(filter(None, (folder.section, named.segment))) if is_section else folder.section,
    )
