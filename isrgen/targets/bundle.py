"""The files a target made, in memory until somebody writes them.

So a dry run and a golden test cost nothing, and a folder on disk is replaced
whole: written beside its place, then swapped in.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from isrgen.errors import IsrgenError


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes to write; ``secret`` ones are readable by their owner alone."""

    data: bytes
    secret: bool = False

    @property
    def size(self) -> int:
        return len(self.data)


@dataclass(frozen=True, slots=True)
class Copy:
    """A file that exists already."""

    source: Path

    @property
    def size(self) -> int:
        return self.source.stat().st_size


@dataclass(frozen=True, slots=True)
class Link:
    """A relative symbolic link."""

    to: str

    @property
    def size(self) -> int:
        return len(self.to.encode())


Entry = Content | Copy | Link


class Bundle:
    """Files by their path, relative and with ``/``; listed in the order of their paths.

    ``notes`` are sentences for the person who deploys.
    """

    def __init__(self, entries: Mapping[str, Entry] | None = None, notes: tuple[str, ...] = ()) -> None:
        self._entries: dict[str, Entry] = {}
        self.notes = notes
        for path, entry in (entries or {}).items():
            self._add(path, entry)

    def _add(self, path: str, entry: Entry) -> None:
        parts = PurePosixPath(path).parts
        if not parts or path.startswith("/") or ".." in parts or "\\" in path or "\0" in path:
            raise ValueError(f"{path!r} is no path inside a bundle")
        if path in self._entries:
            raise ValueError(f"{path!r} is in the bundle twice")
        self._entries[path] = entry

    def text(self, path: str, text: str, *, secret: bool = False) -> None:
        """Add a UTF-8 file."""
        self._add(path, Content(text.encode(), secret))

    def copy(self, path: str, source: Path) -> None:
        """Add a copy of a file on disk."""
        self._add(path, Copy(source))

    def link(self, path: str, to: str) -> None:
        """Add a symbolic link; ``to`` is relative to the link's folder."""
        self._add(path, Link(to))

    def merged(self, entries: Mapping[str, Entry]) -> Bundle:
        """A new bundle with more entries."""
        more = Bundle(self._entries, self.notes)
        for path, entry in entries.items():
            more._add(path, entry)
        return more

    def __contains__(self, path: str) -> bool:
        return path in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, path: str) -> Entry:
        return self._entries[path]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._entries))

    def read(self, path: str) -> bytes:
        """The bytes of a file; for a link, those of its text."""
        match self._entries[path]:
            case Content(data):
                return data
            case Copy(source):
                return source.read_bytes()
            case Link(to):
                return to.encode()

    @property
    def size(self) -> int:
        return sum(entry.size for entry in self._entries.values())

    def listing(self) -> list[tuple[str, int]]:
        """(path, size) of every file, for ``--dry-run``; a link shows where it leads."""
        found = []
        for path in self:
            entry = self._entries[path]
            shown = f"{path} -> {entry.to}" if isinstance(entry, Link) else path
            found.append((shown, entry.size))
        return found

    def write(self, folder: Path) -> None:
        """Replace ``folder`` by these files.

        They are written beside it first; a failure on the way leaves the old
        folder as it was.
        """
        folder.parent.mkdir(parents=True, exist_ok=True)
        staging = folder.with_name(f"{folder.name}.staging-{os.getpid()}")
        former = folder.with_name(f"{folder.name}.former-{os.getpid()}")
        try:
            staging.mkdir()
            for path in self:
                _write_entry(staging / path, self._entries[path])
            if folder.exists():
                folder.rename(former)
            staging.rename(folder)
        except OSError as error:
            if former.exists() and not folder.exists():
                former.rename(folder)
            raise IsrgenError(
                f"The files for the platform cannot be written: {error}.",
                f"Make room for {folder.name} in {folder.parent}, or allow writing there.",
            ) from error
        finally:
            shutil.rmtree(staging, ignore_errors=True)
            shutil.rmtree(former, ignore_errors=True)


def _write_entry(place: Path, entry: Entry) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    match entry:
        case Content(data, secret):
            descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if secret else 0o644)
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
        case Copy(source):
            shutil.copyfile(source, place)
        case Link(to):
            place.symlink_to(to)
