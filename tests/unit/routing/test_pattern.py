"""Patterns: read, written, filled."""

from __future__ import annotations

import pytest

from isrgen.routing.pattern import Kind, Pattern, Segment

TEXTS = [
    ("/", "/", True),
    ("/about/", "/about/", True),
    ("/about", "/about", False),
    ("/blog/[slug]/", "/blog/{slug}/", True),
    ("/blog/{slug}/", "/blog/{slug}/", True),
    ("/docs/[...path]/", "/docs/**", True),
    ("/docs/[...path]", "/docs/**", True),
    ("/docs/**", "/docs/**", True),
    ("/café/[_x1]", "/café/{_x1}", False),
]


@pytest.mark.parametrize(("written", "canonical", "slash"), TEXTS)
def test_a_pattern_is_written_in_its_canonical_form(written: str, canonical: str, slash: bool) -> None:
    pattern = Pattern.parse(written)
    assert (str(pattern), pattern.slash) == (canonical, slash)
    assert str(Pattern.parse(canonical)) == canonical


@pytest.mark.parametrize("text", ["/", "/about", "/a/[b]/", "/a/[b]/[...c]/"])
def test_a_pattern_is_written_as_people_write_it(text: str) -> None:
    assert Pattern.parse(text).written == text


BAD = ["about", "", "/a-[x]/", "/[x", "/[1x]/", "/[x-y]/", "/[...x]/y/", "/**/y", "/[x]/[x]/", "/[x]/[...x]/"]


@pytest.mark.parametrize("written", [*BAD, "/../", "/./", "/*/", "/[]/", "/[...]/", "/{x"])
def test_a_bad_pattern_is_refused_with_a_sentence(written: str) -> None:
    with pytest.raises(ValueError, match=" "):
        Pattern.parse(written)


def test_the_name_of_a_rest_segment_survives_its_canonical_text() -> None:
    assert Pattern.parse("/docs/**", rest="page").params == ("page",)


def test_patterns_that_match_the_same_paths_have_one_shape() -> None:
    assert Pattern.parse("/a/[x]/").shape == Pattern.parse("/a/[y]").shape
    assert Pattern.parse("/a/[x]/").shape != Pattern.parse("/a/x/").shape
    assert Pattern.parse("/a/[x]/").shape != Pattern.parse("/a/[...x]/").shape


def test_parameters_are_filled_in() -> None:
    pattern = Pattern.parse("/[lang]/docs/[...path]/")
    assert pattern.fill({"lang": "de", "path": ["a", "b"]}) == ("de", "docs", "a", "b")
    assert pattern.fill({"lang": "de", "path": []}) == ("de", "docs")


@pytest.mark.parametrize("value", ["", ".", "..", "a/b", 7, None, ["a"]])
def test_a_parameter_that_would_leave_its_segment_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="slug"):
        Pattern.parse("/[slug]/").fill({"slug": value})  # type: ignore[dict-item]


@pytest.mark.parametrize("value", ["a", [""], [".."], ["a/b"], [1]])
def test_a_rest_parameter_is_a_list_of_segments(value: object) -> None:
    with pytest.raises(ValueError, match="path"):
        Pattern.parse("/[...path]/").fill({"path": value})  # type: ignore[dict-item]


def test_a_missing_parameter_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        Pattern.parse("/[slug]/").fill({})


def test_segments_tell_their_kind() -> None:
    assert Pattern.parse("/a/[b]/[...c]/").segments == (
        Segment(Kind.STATIC, "a"),
        Segment(Kind.PARAM, "b"),
        Segment(Kind.REST, "c"),
    )
