"""Find the route for a path, in time that follows the path's length and not the number of routes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from isrgen.routing.pattern import Kind, Pattern

T = TypeVar("T")


@dataclass(slots=True)
class _Node(Generic[T]):
    static: dict[str, _Node[T]] = field(default_factory=dict)
    param: _Node[T] | None = None
    rest: tuple[Pattern, T] | None = None
    end: tuple[Pattern, T] | None = None


class Matcher(Generic[T]):
    """Routes as a tree of segments; ties are settled as ``priority`` says.

    Of two patterns with one shape, the first one added stays.
    """

    def __init__(self, routes: Iterable[tuple[Pattern, T]]) -> None:
        self._root: _Node[T] = _Node()
        for pattern, value in routes:
            self._add(pattern, value)

    def _add(self, pattern: Pattern, value: T) -> None:
        node = self._root
        for segment in pattern.segments:
            match segment.kind:
                case Kind.STATIC:
                    node = node.static.setdefault(segment.value, _Node())
                case Kind.PARAM:
                    if node.param is None:
                        node.param = _Node()
                    node = node.param
                case Kind.REST:
                    node.rest = node.rest or (pattern, value)
                    return
        node.end = node.end or (pattern, value)

    def match(self, segments: Sequence[str]) -> tuple[T, dict[str, str | list[str]]] | None:
        """The route's value and its parameters, for decoded path segments.

        >>> m = Matcher([(Pattern.parse("/b/[x]/"), 1), (Pattern.parse("/b/[...y]/"), 2)])
        >>> m.match(["b", "tea"]), m.match(["b", "c", "d"]), m.match(["c"])
        ((1, {'x': 'tea'}), (2, {'y': ['c', 'd']}), None)
        """
        found = _find(self._root, segments, 0)
        if found is None:
            return None
        pattern, value = found
        params: dict[str, str | list[str]] = {}
        for index, segment in enumerate(pattern.segments):
            if segment.kind is Kind.PARAM:
                params[segment.value] = segments[index]
            elif segment.kind is Kind.REST:
                params[segment.value] = list(segments[index:])
        return value, params


def _find(node: _Node[T], segments: Sequence[str], index: int) -> tuple[Pattern, T] | None:
    if index == len(segments):
        return node.end or node.rest
    child = node.static.get(segments[index])
    if child is not None and (found := _find(child, segments, index + 1)):
        return found
    if node.param is not None and segments[index] and (found := _find(node.param, segments, index + 1)):
        return found
    return node.rest
