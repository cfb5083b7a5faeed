"""Whether two visitors were sent the same, and how it differs where they were not.

A page that shows the time, or counts, is never the same twice. What differs
between visitors who are the same is left out where others are compared: only
the words that differ, and only where everything else stands still.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from isrgen.check.visits import Seen

_OWN: Final = frozenset({"age", "cache-status", "content-length", "date", "etag"})
"""Fields that tell of one response, or follow from its body."""

_WORD: Final = re.compile(r"""[^\s<>"'=,;()&]+|[<>"'=,;()&]""")
"""A time or a number is one word, however it is written."""

_MOST_LINES: Final = 14
_WIDTH: Final = 120
_BEFORE: Final = 40

Facts = tuple[int, tuple[tuple[str, str], ...], bytes]


def facts(seen: Seen) -> Facts:
    """What two responses have to share to be the same one."""
    kept = sorted((name, value) for name, value in seen.headers if name not in _OWN)
    return seen.status, tuple(kept), seen.body


def are_same(one: Seen, other: Seen) -> bool:
    return facts(one) == facts(other)


@dataclass(frozen=True, slots=True)
class Steady:
    """What responses that should be the same have in common: their words, None where those differ.

    ``words`` is None where they have not even as many, so that nothing can be compared with them.
    """

    facts: frozenset[Facts]
    words: tuple[str | None, ...] | None

    @classmethod
    def of(cls, responses: Iterable[Seen]) -> Steady:
        found = {facts(seen): seen for seen in responses}
        if len(found) == 1 or not all(map(_is_text, found.values())):
            return cls(frozenset(found), None)
        split = [_words(seen) for seen in found.values()]
        if len({len(words) for words in split}) > 1:
            return cls(frozenset(found), None)
        common = (set(words) for words in zip(*split, strict=True))
        return cls(frozenset(found), tuple(words.pop() if len(words) == 1 else None for words in common))

    @property
    def is_one(self) -> bool:
        """Whether they are the same to the last byte."""
        return len(self.facts) == 1

    @property
    def can_be_compared(self) -> bool:
        return self.is_one or self.words is not None

    def is_like(self, seen: Seen) -> bool:
        """Whether one more is the same, but for what differs by itself."""
        if facts(seen) in self.facts:
            return True
        if self.words is None or not _is_text(seen):
            return not self.can_be_compared
        words = _words(seen)
        return len(words) == len(self.words) and all(
            mine is None or mine == its for mine, its in zip(self.words, words, strict=True)
        )


def difference(one: Seen, other: Seen, names: tuple[str, str]) -> list[str]:
    """A short unified diff of two responses."""
    if one.body != other.body and not (_is_text(one) and _is_text(other)):
        return [f"--- {names[0]}: {len(one.body)} bytes", f"+++ {names[1]}: {len(other.body)} bytes"]
    found = difflib.unified_diff(_lines(one), _lines(other), *names, n=0, lineterm="")
    lines = [line for line in found if not line.startswith("@@")]
    shown = _around_the_change(lines[:_MOST_LINES])
    left = len(lines) - len(shown)
    return shown if left <= 0 else [*shown, f"... and {left} lines more"]


def mentions(seen: Seen, text: str) -> bool:
    """Whether a response holds a text, in whatever case."""
    wanted = text.lower()
    if wanted.encode() in seen.body.lower():
        return True
    return any(wanted in value.lower() for name, value in seen.headers if name not in _OWN)


def _is_text(seen: Seen) -> bool:
    if b"\0" in seen.body:
        return False
    try:
        seen.body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _words(seen: Seen) -> list[str]:
    return _WORD.findall("\n".join(_lines(seen)))


def _lines(seen: Seen) -> list[str]:
    """Status and headers, then the body: an element a line, for many templates put all on one."""
    status, headers, body = facts(seen)
    text = re.sub(r"(?<=>)(?=<)", "\n", body.decode("utf-8", "replace"))
    return [f"{status}", *(f"{name}: {value}" for name, value in headers), *_stripped(text.splitlines())]


def _stripped(lines: Iterable[str]) -> list[str]:
    return [line.strip() for line in lines if line.strip()]


def _around_the_change(lines: list[str]) -> list[str]:
    """Long lines cut to where they differ."""
    gone = next((line[1:] for line in lines[2:] if line.startswith("-")), "")
    come = next((line[1:] for line in lines[2:] if line.startswith("+")), "")
    at = next((index for index, (a, b) in enumerate(zip(gone, come, strict=False)) if a != b), 0)
    return [*lines[:2], *(_cut(line, at) for line in lines[2:])]


def _cut(line: str, at: int) -> str:
    if len(line) <= _WIDTH:
        return line
    start = max(0, at - _BEFORE) if line[0] in "+-" else 0
    text = line[1 + start : 1 + start + _WIDTH]
    ends = ("…" if start else "", "…" if len(line) > 1 + start + _WIDTH else "")
    return f"{line[0]}{ends[0]}{text}{ends[1]}"
