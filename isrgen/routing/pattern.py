"""The pattern of a route: static segments, ``[name]``, and ``[...name]``.

People write ``/blog/[slug]/``; a pattern's canonical text is ``/blog/{slug}/``
and ``/docs/**``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

Params = Mapping[str, "str | list[str]"]

_NAME: Final = r"[A-Za-z_][A-Za-z0-9_]*"
_PARAM: Final = re.compile(rf"\[({_NAME})\]|\{{({_NAME})\}}")
_REST: Final = re.compile(rf"\[\.\.\.({_NAME})\]")


class Kind(Enum):
    """The kinds of segment, in the order in which they are preferred."""

    STATIC = 0
    PARAM = 1
    REST = 2


@dataclass(frozen=True, slots=True)
class Segment:
    """One part between slashes: ``value`` is its text, or its parameter's name."""

    kind: Kind
    value: str

    @property
    def written(self) -> str:
        """The segment as people write it."""
        match self.kind:
            case Kind.STATIC:
                return self.value
            case Kind.PARAM:
                return f"[{self.value}]"
            case Kind.REST:
                return f"[...{self.value}]"

    def __str__(self) -> str:
        match self.kind:
            case Kind.STATIC:
                return self.value
            case Kind.PARAM:
                return "{" + self.value + "}"
            case Kind.REST:
                return "**"


@dataclass(frozen=True, slots=True)
class Pattern:
    """The segments of a route, and whether its canonical URL ends in a slash."""

    segments: tuple[Segment, ...]
    slash: bool = True

    @classmethod
    def parse(cls, text: str, rest: str = "path") -> Pattern:
        """Read ``/blog/[slug]/``, or the canonical text, where ``**`` is called ``rest``.

        Raises ValueError with a sentence for people.

        >>> str(Pattern.parse("/blog/[slug]/")), str(Pattern.parse("/docs/[...path]/"))
        ('/blog/{slug}/', '/docs/**')
        """
        if not text.startswith("/"):
            raise ValueError(f"the pattern {text!r} does not begin with a slash")
        parts = [part for part in text.split("/") if part]
        segments = tuple(_segment(part, rest) for part in parts)
        if any(segment.kind is Kind.REST for segment in segments[:-1]):
            raise ValueError("a [...name] segment must be the last one")
        names = [segment.value for segment in segments if segment.kind is not Kind.STATIC]
        if len(names) != len(set(names)):
            raise ValueError("a parameter's name stands twice in one pattern")
        slash = text.endswith("/") or bool(segments and segments[-1].kind is Kind.REST)
        return cls(segments, slash)

    @property
    def params(self) -> tuple[str, ...]:
        return tuple(segment.value for segment in self.segments if segment.kind is not Kind.STATIC)

    @property
    def is_static(self) -> bool:
        return all(segment.kind is Kind.STATIC for segment in self.segments)

    @property
    def shape(self) -> tuple[tuple[Kind, str], ...]:
        """What two patterns share when they match the same paths: parameters' names do not count."""
        return tuple((s.kind, s.value if s.kind is Kind.STATIC else "") for s in self.segments)

    @property
    def written(self) -> str:
        """The pattern as people write it.

        >>> Pattern.parse("/blog/{slug}/").written
        '/blog/[slug]/'
        """
        path = "/" + "/".join(segment.written for segment in self.segments)
        return path + "/" if self.slash and self.segments else path

    def __str__(self) -> str:
        text = "/" + "/".join(map(str, self.segments))
        if not self.segments or (self.segments[-1].kind is Kind.REST):
            return text
        return text + ("/" if self.slash else "")

    def fill(self, params: Params) -> tuple[str, ...]:
        """The path segments, decoded, that these parameters give.

        Raises KeyError for a missing parameter and ValueError for one that is
        not a string (for ``[...name]``: a list of strings), empty, ``.`` or ``..``.
        """
        found: list[str] = []
        for segment in self.segments:
            if segment.kind is Kind.STATIC:
                found.append(segment.value)
                continue
            value = params[segment.value]
            values = value if segment.kind is Kind.REST else [value]
            if not isinstance(values, list) or not all(isinstance(part, str) for part in values):
                raise ValueError(f"the parameter {segment.value!r} is {value!r}")
            if any(part in ("", ".", "..") or "/" in part for part in values):
                raise ValueError(f"the parameter {segment.value!r} cannot be {value!r}")
            found.extend(part for part in values if isinstance(part, str))
        return tuple(found)


def _segment(part: str, rest: str) -> Segment:
    if part == "**":
        return Segment(Kind.REST, rest)
    if found := _REST.fullmatch(part):
        return Segment(Kind.REST, found[1])
    if found := _PARAM.fullmatch(part):
        return Segment(Kind.PARAM, found[1] or found[2])
    if set(part) & set("[]{}"):
        raise ValueError(
            f"the segment {part!r} is neither plain text nor a whole [name] or [...name];"
            " a name is a letter or _, then letters, digits and _"
        )
    if part in (".", "..", "*"):
        raise ValueError(f"the segment {part!r} cannot be part of a route")
    return Segment(Kind.STATIC, part)
