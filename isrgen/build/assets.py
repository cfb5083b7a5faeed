"""Fingerprinted assets: ``assets/site.css`` becomes ``assets/site.3f2a9c1b.css``.

The digest is that of the bytes that are sent. References between assets
(``url(...)`` and ``@import`` in CSS) are rewritten to hashed names first, so an asset's
name changes when anything it refers to changes.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote

from isrgen.errors import IsrgenError, Problem

FOLDER: Final = "assets"
_DIGITS: Final = 8
_REFERENCE: Final = re.compile(
    r"""(?P<open>url\(\s*(?P<quote>["']?)|@import\s+(?P<bare>["']))(?P<target>[^"'()\s#?]+)""", re.IGNORECASE
)
_ELSEWHERE: Final = re.compile(r"[a-z][a-z0-9+.-]*:|//|/|#", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Asset:
    """``name`` is what ``asset()`` is asked for; ``path`` lies below ``static/``."""

    name: str
    path: str
    content: bytes

    @property
    def url(self) -> str:
        return "/" + quote(self.path)


@dataclass(slots=True)
class _Fingerprinter:
    folder: Path
    names: frozenset[str]
    done: dict[str, Asset] = field(default_factory=dict)
    under_way: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def asset(self, name: str) -> Asset:
        if name not in self.done:
            self.under_way.append(name)
            content = (self.folder / name).read_bytes()
            if name.endswith(".css"):
                content = self._rewrite(name, content)
            stem, suffix = posixpath.splitext(name)
            digest = hashlib.sha256(content).hexdigest()[:_DIGITS]
            self.done[name] = Asset(name, f"{FOLDER}/{stem}.{digest}{suffix}", content)
            self.under_way.pop()
        return self.done[name]

    def _rewrite(self, name: str, content: bytes) -> bytes:
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            self.problems.append(
                Problem("the style sheet is not UTF-8.", "Save it as UTF-8.", f"{FOLDER}/{name}")
            )
            return content
        return _REFERENCE.sub(lambda found: self._reference(name, text, found), text).encode("utf-8")

    def _reference(self, name: str, text: str, found: re.Match[str]) -> str:
        target = found["target"]
        if _ELSEWHERE.match(target):
            return found[0]
        wanted = posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(target)))
        line = text.count("\n", 0, found.start("target")) + 1
        if wanted not in self.names:
            what = f"the style sheet refers to {target!r}, and there is no assets/{wanted}."
            hint = "Add the file, or write a path that begins with / for a file in static/."
            self._problem(name, line, what, hint)
            return found[0]
        if wanted in self.under_way:
            what = f"the style sheet imports itself by way of {target!r}."
            self._problem(name, line, what, "Break the circle of @import.")
            return found[0]
        relative = posixpath.relpath(self.asset(wanted).path, posixpath.dirname(f"{FOLDER}/{name}"))
        return found[0][: -len(target)] + quote(relative)

    def _problem(self, name: str, line: int | None, message: str, hint: str) -> None:
        self.problems.append(Problem(message, hint, f"{FOLDER}/{name}", line))


def fingerprint(folder: Path, names: tuple[str, ...]) -> dict[str, Asset]:
    """Every asset by its name; raises IsrgenError for references that lead nowhere."""
    work = _Fingerprinter(folder, frozenset(names))
    for name in names:
        work.asset(name)
    if work.problems:
        raise IsrgenError(work.problems)
    return {name: work.done[name] for name in sorted(work.done)}
