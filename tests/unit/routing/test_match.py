"""Which route answers a path."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isrgen.routing.match import Matcher
from isrgen.routing.pattern import Kind, Pattern
from isrgen.routing.priority import sort_key

TEXTS = ["/", "/blog/", "/blog/about/", "/blog/[slug]/", "/blog/[slug]/edit/", "/docs/[...path]/", "/[page]/"]
MATCHER = Matcher([(Pattern.parse(text), text) for text in TEXTS])

MATCHES = [
    ((), "/", {}),
    (("blog",), "/blog/", {}),
    (("blog", "about"), "/blog/about/", {}),
    (("blog", "tea"), "/blog/[slug]/", {"slug": "tea"}),
    (("blog", "about", "edit"), "/blog/[slug]/edit/", {"slug": "about"}),
    (("docs",), "/docs/[...path]/", {"path": []}),
    (("docs", "a", "b"), "/docs/[...path]/", {"path": ["a", "b"]}),
    (("about",), "/[page]/", {"page": "about"}),
]


@pytest.mark.parametrize(("segments", "route", "params"), MATCHES)
def test_the_most_particular_route_answers(
    segments: tuple[str, ...], route: str, params: dict[str, object]
) -> None:
    assert MATCHER.match(segments) == (route, params)


def test_nothing_answers_what_no_route_covers() -> None:
    assert MATCHER.match(("blog", "tea", "delete")) is None


def test_a_dead_end_behind_a_static_segment_is_left_again() -> None:
    matcher = Matcher([(Pattern.parse("/a/b/c/"), 1), (Pattern.parse("/[x]/b/d/"), 2)])
    assert matcher.match(("a", "b", "d")) == (2, {"x": "a"})


def test_an_empty_segment_is_no_parameter() -> None:
    assert Matcher([(Pattern.parse("/[x]/"), 1)]).match(("",)) is None


def test_of_two_routes_with_one_shape_the_first_stays() -> None:
    assert Matcher([(Pattern.parse("/[x]/"), 1), (Pattern.parse("/[y]/"), 2)]).match(("a",)) == (
        1,
        {"x": "a"},
    )


SEGMENT = st.sampled_from(["a", "b", "[x]", "[y]", "[...z]"])
PATH = st.lists(st.sampled_from(["a", "b", "c"]), max_size=4)


def patterns() -> st.SearchStrategy[list[Pattern]]:
    def parse(parts: list[str]) -> Pattern | None:
        try:
            return Pattern.parse("/" + "/".join(parts))
        except ValueError:
            return None

    one = st.lists(SEGMENT, max_size=4).map(parse).filter(lambda pattern: pattern is not None)
    return st.lists(one, max_size=8, unique_by=lambda pattern: pattern.shape)  # type: ignore[return-value]


def covers(pattern: Pattern, path: list[str]) -> bool:
    for index, segment in enumerate(pattern.segments):
        if segment.kind is Kind.REST:
            return True
        if index >= len(path) or (segment.kind is Kind.STATIC and segment.value != path[index]):
            return False
    return len(path) == len(pattern.segments)


@given(patterns(), PATH)
def test_the_tree_agrees_with_trying_every_route_in_order(routes: list[Pattern], path: list[str]) -> None:
    expected = next((p for p in sorted(routes, key=sort_key) if covers(p, path)), None)
    found = Matcher([(pattern, pattern) for pattern in routes]).match(path)
    assert (found[0] if found else None) == expected
