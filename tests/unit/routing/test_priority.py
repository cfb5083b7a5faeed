"""The order of match."""

from __future__ import annotations

from itertools import permutations

from isrgen.routing.pattern import Kind, Pattern
from isrgen.routing.priority import PRIORITY, sort_key

ORDER = ["/", "/blog/", "/blog/about/", "/blog/{slug}/", "/blog/{slug}/edit/", "/blog/**", "/{x}/", "/**"]


def test_static_comes_before_a_parameter_before_the_rest() -> None:
    patterns = [Pattern.parse(text) for text in reversed(ORDER)]
    assert [str(pattern) for pattern in sorted(patterns, key=sort_key)] == ORDER


def test_the_order_does_not_depend_on_the_order_of_files() -> None:
    for shuffled in permutations(ORDER[2:7]):
        assert [str(p) for p in sorted(map(Pattern.parse, shuffled), key=sort_key)] == ORDER[2:7]


def test_the_documented_order_is_total() -> None:
    assert [kind for kind, *_ in PRIORITY] == sorted(Kind, key=lambda kind: kind.value)
