"""Where a value is kept in the modules of a site."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from isrgen.check.remembered import holders, memoised, past_the_recorder

SECRET = "isrgen-check-a-session"


@pytest.fixture
def module(tmp_path: Path) -> Iterator[Callable[[str], ModuleType]]:
    """``module(code)`` runs a file of a site's ``content/_lib`` with ``SECRET`` at hand."""
    name = "_checked_module_of_a_site"
    file = tmp_path / "content" / "_lib" / "kept.py"

    def run(code: str) -> ModuleType:
        file.parent.mkdir(parents=True)
        file.write_text(code)
        made = ModuleType(name)
        made.__dict__.update(__file__=str(file), SECRET_OF_A_TEST=None)
        sys.modules[name] = made
        exec(compile(code, str(file), "exec"), made.__dict__)
        return made

    yield run
    sys.modules.pop(name, None)


@pytest.mark.parametrize(
    ("code", "place"),
    [
        ("a = 1\nkept = 'x{}x'", "`kept` (content/_lib/kept.py:2)"),
        ("kept = {{'user': {{'name': '{}'}}}}", "`kept['user']['name']` (content/_lib/kept.py:1)"),
        ("kept = [(1, {{'{}'}})]", "`kept` (content/_lib/kept.py:1)"),
        ("kept = {{'{}': 1}}", "`kept` (content/_lib/kept.py:1)"),
        ("kept = b'{}'.upper()", "`kept` (content/_lib/kept.py:1)"),
        ("\nclass Kept:\n    user = '{}'", "`Kept.user` (content/_lib/kept.py:2)"),
        (
            "class A:\n    __slots__ = ('user',)\nkept = A()\nkept.user = '{}'",
            "`kept.user` (content/_lib/kept.py:3)",
        ),
        (
            "class A: pass\nkept = A()\nkept.user = '{}'",
            "`kept.user` (content/_lib/kept.py:2)",
        ),
        ("def kept(): pass\nkept.user = '{}'", "`kept.user` (content/_lib/kept.py:1)"),
        ("def kept(found=['{}']): pass", "`kept` (content/_lib/kept.py:1)"),
        (
            "def made(x):\n    return lambda: x\nkept = made('{}')",
            "`kept` (content/_lib/kept.py:3)",
        ),
        (
            "from functools import lru_cache\n@lru_cache(maxsize=4)\ndef kept(): return '{}'\nkept()",
            "`kept` (content/_lib/kept.py:3)",
        ),
        (
            "from functools import cache\n@cache\ndef kept(x): return 1\nkept('{}')",
            "`kept` (content/_lib/kept.py:3)",
        ),
        (
            "from contextvars import ContextVar\nkept = ContextVar('kept', default=['{}'])",
            "`kept` (content/_lib/kept.py:2)",
        ),
    ],
)
def test_what_keeps_a_value_is_named(
    module: Callable[[str], ModuleType], tmp_path: Path, code: str, place: str
) -> None:
    module(code.format(SECRET))
    assert [str(found) for found in holders(SECRET, tmp_path)] == [place]


def test_the_environment_is_searched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CHECKED", f"user={SECRET}")
    assert [str(found) for found in holders(SECRET, tmp_path)] == ["`os.environ['CHECKED']`"]


def test_what_keeps_itself_does_not_go_on_for_ever(
    module: Callable[[str], ModuleType], tmp_path: Path
) -> None:
    module("kept = []\nkept.append(kept)\nclass A: pass\na = A()\na.a = a")
    assert holders(SECRET, tmp_path) == []


def test_modules_of_others_are_left_alone(module: Callable[[str], ModuleType], tmp_path: Path) -> None:
    module(f"kept = '{SECRET}'")
    assert holders(SECRET, tmp_path / "elsewhere") == []


def test_functions_that_remember_something_are_listed(
    module: Callable[[str], ModuleType], tmp_path: Path
) -> None:
    module("from functools import cache\n@cache\ndef used(): pass\n@cache\ndef unused(): pass\nused()")
    assert [str(found) for found in memoised(tmp_path)] == ["`used` (content/_lib/kept.py:3)"]


def test_lines_that_take_what_only_isrgen_may_are_listed(tmp_path: Path) -> None:
    (tmp_path / "content").mkdir()
    (tmp_path / "content" / "a.py").write_text("request.headers\nrequest._headers._items\n")
    (tmp_path / "content" / "a.html").write_text("{{ request._client }}")
    assert [str(found) for found in past_the_recorder(tmp_path)] == [
        "`_client` (content/a.html:1)",
        "`_headers` (content/a.py:2)",
    ]
