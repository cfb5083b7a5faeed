"""The order in which routes are tried.

From left to right, a static segment comes before ``[x]``, which comes before
``[...x]``; routes that are alike so far are ordered by their text.
"""

from __future__ import annotations

from isrgen.routing.pattern import Kind, Pattern

PRIORITY = (
    (Kind.STATIC, "plain text", "/blog/about/"),
    (Kind.PARAM, "[name], one segment", "/blog/[slug]/"),
    (Kind.REST, "[...name], any number of segments", "/blog/[...path]/"),
)
"""Kind of segment, what it is, an example: first wins."""


def sort_key(pattern: Pattern) -> tuple[tuple[int, str], ...]:
    """Sorts patterns into the order of match.

    >>> texts = ["/b/[...x]/", "/b/[x]/", "/b/c/", "/[y]/"]
    >>> [str(p) for p in sorted(map(Pattern.parse, texts), key=sort_key)]
    ['/b/c/', '/b/{x}/', '/b/**', '/{y}/']
    """
    return tuple((s.kind.value, s.value if s.kind is Kind.STATIC else "") for s in pattern.segments)
