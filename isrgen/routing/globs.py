"""Globs on paths and on route patterns: ``*`` is one segment, ``**`` any number."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Glob:
    """A compiled glob; slashes at the end do not matter."""

    text: str
    regex: re.Pattern[str]

    @classmethod
    def parse(cls, text: str) -> Glob:
        """Read ``/blog/**``; raises ValueError with a sentence for people.

        >>> glob = Glob.parse("/blog/**")
        >>> [glob.matches(path) for path in ("/blog/", "/blog/{slug}/", "/blogs/")]
        [True, True, False]
        """
        if not text.startswith("/"):
            raise ValueError(f"the path {text!r} does not begin with a slash")
        parts = [_part(part) for part in text.split("/") if part]
        return cls(text, re.compile("".join(parts)))

    def matches(self, path: str) -> bool:
        """Whether a path, or a pattern's canonical text, is covered."""
        return self.regex.fullmatch(path.rstrip("/")) is not None


def _part(part: str) -> str:
    if part == "**":
        return r"(?:/[^/]+)*"
    if part == "*":
        # A pattern's own ** stands for any number of segments, so it is not one.
        return r"/(?!\*\*(?:/|$))[^/]+"
    if "*" in part:
        raise ValueError(f"the segment {part!r} mixes * with text; * stands for a whole segment")
    if part.startswith("[...") and part.endswith("]"):
        return r"/\*\*"
    if part.startswith("[") and part.endswith("]"):
        part = "{" + part[1:-1] + "}"
    return "/" + re.escape(part)
