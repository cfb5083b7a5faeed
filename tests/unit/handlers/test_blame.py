"""Which of the site's lines is to answer for an exception, and what its author can do."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from isrgen.errors import IsrgenError, Problem
from isrgen.handlers.streams import BrokenOffError

OTHERWISE = "Mend it there, or catch it and answer otherwise, as with `raise not_found()`."
SHARED = "`from _lib.posts import ...` reads `content/_lib/posts.py`: write that file, or correct the name."
PACKAGE = (
    "Put code that pages share into content/_lib (`from _lib.posts import ...`);"
    " name a package in requirements.txt, and install it."
)

# the module of /a/ -> what is told
MODULES = [
    (
        "def loader():\n    return 1 / 0\n",
        "content/a+ssr.py:2: The loader raised ZeroDivisionError: division by zero.",
        OTHERWISE,
    ),
    (
        "async def loader():\n    raise OSError('Who is there?')\n",
        "content/a+ssr.py:2: The loader raised OSError: Who is there?",
        OTHERWISE,
    ),
    ("def loader():\n    assert False\n", "content/a+ssr.py:2: The loader raised AssertionError.", OTHERWISE),
    (
        "from _lib.db import find\ndef loader():\n    x = 1\n    return find()\n",
        "content/_lib/db.py:2: The loader raised OSError: gone.",
        f"{OTHERWISE}\nThe loader called it in content/a+ssr.py:4.",
    ),
    (
        "import nope_nope\n",
        "content/a+ssr.py:1: Importing this file raised ModuleNotFoundError: No module named 'nope_nope'.",
        PACKAGE,
    ),
    (
        "def loader():\n    import nope_nope.deep\n",
        "content/a+ssr.py:2: The loader raised ModuleNotFoundError: No module named 'nope_nope'.",
        PACKAGE,
    ),
    (
        "from _lib.nope import x\n",
        "content/a+ssr.py:1: Importing this file raised ModuleNotFoundError: No module named '_lib.nope'.",
        SHARED,
    ),
    (
        "from .posts import x\n",
        "content/a+ssr.py:1: Importing this file raised ImportError:"
        " attempted relative import with no known parent package.",
        SHARED,
    ),
    (
        "from _lib.db import nope\n",
        "content/a+ssr.py:1: Importing this file raised ImportError: cannot import name 'nope' from '_lib.db'"
        " (content/_lib/db.py).",
        "Mend it there.",
    ),
    ("x = {}['y']\n", "content/a+ssr.py:1: Importing this file raised KeyError: 'y'.", "Mend it there."),
    (
        "def loader(:\n",
        "content/a+ssr.py:1:12: This is not Python: invalid syntax.",
        "Mend it there, or just before.",
    ),
]


def problem(ask: Any, path: str = "/a/") -> Problem:
    with pytest.raises(IsrgenError) as caught:
        ask(path, run=True)
    (found,) = caught.value.problems
    return found


@pytest.mark.parametrize(("module", "said", "hint"), MODULES)
def test_what_a_module_raised_is_told_with_its_line_and_the_way_out(
    kit: Any, ask: Any, module: str, said: str, hint: str
) -> None:
    kit.write("content/_lib/db.py", "def find():\n    raise OSError('gone')\n")
    kit.page("/a/", "x", module)
    found = problem(ask)
    assert (f"{found.where}: {found.message}", found.hint) == (said, hint)


def test_of_a_page_with_parameters_it_is_told_which_one_it_was(kit: Any, ask: Any) -> None:
    kit.page("/a/[x]/", "x", "def loader(params):\n    return {'n': int(params['x'])}\n")
    assert problem(ask, "/a/tea/").hint == f"{OTHERWISE}\nThe page was /a/tea/."


def test_middleware_and_api_functions_are_named(kit: Any, ask: Any) -> None:
    layer = kit.write("content/_middleware.py", "async def middleware(request, next):\n    return 1 / 0\n")
    kit.page("/a/", "x", middleware=(layer,))
    kit.api("/b", "def GET():\n    return 1 / 0\n")
    assert problem(ask).message.startswith("The middleware raised ZeroDivisionError")
    assert problem(ask, "/b").message.startswith("`GET` raised ZeroDivisionError")


@pytest.mark.parametrize("place", ["loader", "template", "stream"])
def test_what_a_visitor_sent_forges_no_line_of_the_log_and_does_nothing_to_a_terminal(
    kit: Any, ask: Any, caplog: pytest.LogCaptureFixture, place: str
) -> None:
    module, body = "def loader(request):\n    raise ValueError(request.query['q'])\n", "x"
    if place == "template":
        module = "def loader(request):\n    def fail():\n        raise ValueError(request.query['q'])\n"
        module, body = module + "    return {'fail': fail}\n", "{{ fail() }}"
    elif place == "stream":
        module = (
            "from isrgen import Response\ndef loader(request):\n    def chunks():\n        yield 'x'\n"
            "        raise ValueError(request.query['q'])\n    return Response(chunks())\n"
        )
    kit.page("/a/", body, module)
    sent = "q=x%0d%0a12:00:00+INFO+forged%0a%0aforged+%1b%5b2J%c2%9b2J%e2%80%a8forged"
    answer = ask("/a/", query_string=sent)
    if place == "stream":

        async def read() -> None:
            async for _ in answer.stream:
                pass

        with pytest.raises(BrokenOffError):
            asyncio.run(read())
    (record,) = caplog.records
    said = record.getMessage()
    assert "forged" in said
    assert set(said) - {"\n"} == {character for character in said if character.isprintable()}
    first, *others = said.splitlines()
    assert first.startswith("GET /a/ ")
    assert all(line.startswith("  ") for line in others)
