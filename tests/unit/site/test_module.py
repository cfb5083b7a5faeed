"""Modules are read, never run."""

from __future__ import annotations

import pytest

from isrgen.errors import IsrgenError
from isrgen.site.module import read_module

TEXT = """
import os
from _lib.posts import loader, other as static_params

raise SystemExit("this must not run")
title = "Tea"
weight: int = 3
cache = {
    "s-maxage": "1h",
    "tags": ["a", "b"],
}
computed = os.environ["HOME"]
again = 1
again = len("x")

if os.name == "nt":
    def GET(): ...
else:
    def POST(): ...

try:
    import fast
except ImportError:
    fast = None

async def PUT(request):
    DELETE = 1

class Thing: ...
"""


def test_literals_are_read_and_computed_values_are_known_as_such() -> None:
    module = read_module(TEXT, "a.py")
    assert module.literals.data == {
        "title": "Tea",
        "weight": 3,
        "cache": {"s-maxage": "1h", "tags": ["a", "b"]},
    }
    assert module.computed == {"computed": 12, "again": 14}


def test_everything_bound_at_module_level_is_known() -> None:
    module = read_module(TEXT, "a.py")
    assert {"loader", "static_params", "GET", "POST", "PUT", "Thing", "fast"} <= module.names
    assert "DELETE" not in module.names
    assert module.methods == ("GET", "POST", "PUT")


def test_keys_know_their_lines() -> None:
    line_of = read_module(TEXT, "a.py").literals.line_of
    assert [line_of(path) for path in [("title",), ("cache",), ("cache", "tags"), ("cache", "tags", 0)]] == [
        6,
        8,
        10,
        10,
    ]


@pytest.mark.parametrize("text", ["def f(:\n", "x = (\n", "'''", "\tx\n y\n", "return = 1", "x = '\\N{no}'"])
def test_what_is_not_python_is_a_problem_with_its_line(text: str) -> None:
    with pytest.raises(IsrgenError) as caught:
        read_module(text, "a.py")
    assert caught.value.problems[0].line is not None


def test_a_doubtful_escape_is_no_problem() -> None:
    assert read_module('pattern = "\\d"\n', "a.py").literals.data == {"pattern": "\\d"}
