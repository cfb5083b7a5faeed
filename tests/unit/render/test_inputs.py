"""Which templates a render took, from sources and compiled alike."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from isrgen.render.inputs import Inputs
from isrgen.render.templates import Templates

FILES = {
    "base.html": "{% include 'head.html' %}{% block body %}{% endblock %}",
    "head.html": "head",
    "post.html": "{% extends 'base.html' %}{% block body %}{{ x }}{% endblock %}",
    "either.html": "{% include ['nope.html', 'head.html', 'later.html'] %}",
    "maybe.html": "{% include 'nope.html' ignore missing %}.",
    "named.html": "{% include wanted %}",
    "macros.html": "{% import 'inner.html' as inner %}{% macro m() %}{{ inner.n() }}{% endmacro %}",
    "inner.html": "{% macro n() %}n{% endmacro %}",
    "uses.html": "{% import 'macros.html' as macros %}{{ macros.m() }}",
    "from.html": "{% from 'macros.html' import m %}{{ m() }}",
    "shows.html": "{% from 'macros.html' import m with context %}{{ m() }}",
    "plain.html": "{{ x }}",
}

CASES = [
    ("plain.html", ["plain"]),
    ("post.html", ["post", "base", "head"]),
    ("either.html", ["either", "nope", "head"]),
    ("maybe.html", ["maybe", "nope"]),
    ("named.html", ["named", "head"]),
    ("uses.html", ["uses", "macros", "inner"]),
    ("from.html", ["from", "macros", "inner"]),
    ("shows.html", ["shows", "macros", "inner"]),
]


@pytest.fixture(params=["sources", "compiled"])
def templates(tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[], Templates]:
    folder = tmp_path / "templates"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)
    made = Templates.from_sources(folder, {})
    if request.param == "sources":
        return lambda: made
    made.compile(tmp_path / "compiled")
    compiled = Templates.from_compiled(tmp_path / "compiled")
    return lambda: compiled


@pytest.mark.parametrize(("name", "expected"), CASES, ids=[case[0] for case in CASES])
def test_every_template_that_is_loaded_is_a_tag_each_time(
    templates: Callable[[], Templates], name: str, expected: list[str]
) -> None:
    """Also what a module of macros loaded, of which Jinja2 keeps one for all renders."""
    for _ in range(3):
        inputs = Inputs()
        templates().render(f"templates/{name}", {"wanted": "head.html"}, inputs)
        assert list(inputs.tags) == [f"template:templates/{each}.html" for each in expected]


def test_nothing_is_noted_for_whoever_does_not_ask(templates: Callable[[], Templates]) -> None:
    inputs = Inputs()
    templates().render("templates/plain.html", {}, inputs)
    templates().render("templates/uses.html", {})
    assert list(inputs.templates) == ["templates/plain.html"]
