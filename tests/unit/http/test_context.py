"""The functions by which a site's code speaks to the render under way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import isrgen
from isrgen.http.context import Purge, RenderContext, enter, set_data_roots


@pytest.fixture
def context() -> Iterator[RenderContext]:
    made = RenderContext(may_revalidate=True)
    enter(made)
    yield made
    enter(None)


def test_outside_a_request_each_function_says_so() -> None:
    enter(None)
    for call in (
        lambda: isrgen.set_response_headers({"A": "1"}),
        lambda: isrgen.cache_tag("a"),
        lambda: isrgen.degraded("x"),
        lambda: isrgen.revalidate_tag("a"),
    ):
        with pytest.raises(RuntimeError, match="outside a request"):
            call()


def test_headers_are_checked_where_they_are_set(context: RenderContext) -> None:
    with pytest.raises(ValueError, match="control character"):
        isrgen.set_response_headers({"A": "b\r\nc"})
    assert context.headers == []


def test_tags_purges_and_degraded_are_kept(context: RenderContext) -> None:
    isrgen.cache_tag("a", "b")
    isrgen.revalidate_path("/x/", hard=True)
    isrgen.revalidate_tag("t")
    isrgen.degraded("no database")
    assert context.tags == ["a", "b"]
    assert context.purges == [Purge(path="/x/", hard=True), Purge(tag="t")]
    assert context.degraded == "no database"


@pytest.mark.parametrize("path", ["", "x", None])
def test_a_path_begins_with_a_slash(context: RenderContext, path: str) -> None:
    with pytest.raises(ValueError, match="begins with a slash"):
        isrgen.revalidate_path(path)


def test_a_tag_is_a_string(context: RenderContext) -> None:
    with pytest.raises(TypeError):
        isrgen.cache_tag(3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="not empty"):
        isrgen.revalidate_tag("")


def test_pages_do_not_revalidate(context: RenderContext) -> None:
    context.may_revalidate = False
    with pytest.raises(RuntimeError, match="from API routes"):
        isrgen.revalidate_tag("t")


def test_data_files_are_found_in_order_and_never_outside(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    first.mkdir()
    second.mkdir()
    (second / "app.db").write_bytes(b"")
    set_data_roots(first, second)
    assert isrgen.data_path("app.db") == second / "app.db"
    assert isrgen.data_path("new.db") == first / "new.db"
    for name in ("", "../x", "/etc/passwd", "a/../../b"):
        with pytest.raises(ValueError, match="without"):
            isrgen.data_path(name)
    set_data_roots()
