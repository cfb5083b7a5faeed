"""Page modules and ``_lib``: loaded once, one site's never another's."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from isrgen import data_path
from isrgen.errors import IsrgenError
from isrgen.handlers.modules import Modules

PAGE = "content/blog/[slug]+ssr.py"


@pytest.fixture
def make(tmp_path: Path) -> Iterator[object]:
    made: list[Modules] = []

    def site(name: str, files: dict[str, str]) -> Modules:
        for file, text in files.items():
            target = tmp_path / name / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        made.append(Modules(tmp_path / name, (tmp_path / name,)))
        return made[-1]

    yield site
    for modules in made:
        modules.close()


def test_a_module_is_loaded_once_from_many_threads(make) -> None:  # type: ignore[no-untyped-def]
    modules = make("a", {PAGE: "import threading\nlock = threading.Lock()\n"})
    found = []
    threads = [threading.Thread(target=lambda: found.append(modules.load(PAGE))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(module) for module in found}) == 1


def test_two_sites_with_the_same_names_do_not_mix(make) -> None:  # type: ignore[no-untyped-def]
    def files(name: str) -> dict[str, str]:
        return {
            "content/_lib/posts.py": f"NAME = '{name}'\n",
            PAGE: (
                "from _lib.posts import NAME\n"
                "def lazily():\n    from _lib import posts\n    return posts.NAME\n"
                "def other():\n    import _lib.posts\n    return _lib.posts.NAME\n"
            ),
        }

    a, b = make("a", files("a")), make("b", files("b"))
    first, second = a.load(PAGE), b.load(PAGE)
    assert (first.NAME, second.NAME) == ("a", "b")
    assert [first.lazily(), second.lazily(), first.other(), second.other()] == ["a", "b", "a", "b"]


def test_lib_modules_import_each_other_and_are_one_for_all_pages(make) -> None:  # type: ignore[no-untyped-def]
    modules = make(
        "a",
        {
            "content/_lib/__init__.py": "from .one import VALUE\n",
            "content/_lib/one.py": "VALUE = []\n",
            "content/x+ssr.py": "from _lib import VALUE\n",
            "content/y+ssr.py": "from _lib.one import VALUE\n",
        },
    )
    assert modules.load("content/x+ssr.py").VALUE is modules.load("content/y+ssr.py").VALUE


def test_dataclasses_in_a_page_module_work(make) -> None:  # type: ignore[no-untyped-def]
    source = (
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "import typing\n@dataclass\nclass Post:\n    title: str\n"
    )
    module = make("a", {PAGE: source}).load(PAGE)
    assert module.Post("x").title == "x"
    assert sys.modules[module.Post.__module__] is module


def test_closing_forgets_everything(make) -> None:  # type: ignore[no-untyped-def]
    modules = make("a", {PAGE: "import _lib.m\n", "content/_lib/m.py": ""})
    name = modules.load(PAGE).__name__
    assert "_lib.m" in sys.modules
    modules.close()
    assert name not in sys.modules
    assert "_lib.m" not in sys.modules


def test_folders_of_pages_hide_no_library(make) -> None:  # type: ignore[no-untyped-def]
    modules = make("a", {"content/json/index.md": "", PAGE: "import json\nOK = json.dumps({})\n"})
    assert modules.load(PAGE).OK == "{}"


def test_nothing_is_written_beside_the_content(make, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    make("a", {PAGE: "import _lib.m\n", "content/_lib/m.py": ""}).load(PAGE)
    assert list(tmp_path.rglob("__pycache__")) == []


def test_data_path_works_while_a_module_is_imported(make, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    modules = make("a", {PAGE: "from isrgen import data_path\nDB = data_path('app.db')\n"})
    assert tmp_path / "a" / "app.db" == modules.load(PAGE).DB
    assert data_path("app.db") == tmp_path / "a" / "app.db"


@pytest.mark.parametrize(
    ("files", "where", "said"),
    [
        ({PAGE: "x = 1\ny = 1 / 0\n"}, f"{PAGE}:2", "ZeroDivisionError: division by zero"),
        ({PAGE: "x = 1\ndef f(:\n"}, f"{PAGE}:2:7", "not Python"),
        ({PAGE: "import nothing_of_that_name\n"}, f"{PAGE}:1", "No module named 'nothing_of_that_name'"),
        ({PAGE: "import _lib.m\n", "content/_lib/m.py": "\n\n1/0\n"}, "content/_lib/m.py:3", "ZeroDivision"),
        ({PAGE: "import sys\nsys.exit(1)\n"}, f"{PAGE}:2", "SystemExit: 1"),
        ({PAGE: "from _lib.m import nope\n", "content/_lib/m.py": ""}, f"{PAGE}:1", "cannot import name"),
    ],
)
def test_an_import_that_fails_names_the_line(make, files, where, said) -> None:  # type: ignore[no-untyped-def]
    modules = make("a", files)
    for _ in range(2):
        with pytest.raises(IsrgenError) as caught:
            modules.load(PAGE)
        (problem,) = caught.value.problems
        assert problem.where == where
        assert said in problem.message


def test_a_module_that_is_gone_is_named(make) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(IsrgenError, match=r"content/x\.py is not there"):
        make("a", {}).load("content/x.py")
