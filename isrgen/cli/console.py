"""What people read: colour on a terminal, plain lines elsewhere.

Results go to stdout; problems, warnings and progress to stderr, so that
``--json`` output stays clean. rich is imported only when there is a terminal.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click

from isrgen.errors import Problem

Warn = Callable[[Sequence[Problem]], None]
"""Takes warnings: shows them, or keeps them for programs."""


def say(text: str = "") -> None:
    """One line of result."""
    click.echo(text)


def note(text: str) -> None:
    """One line about what is going on."""
    click.echo(text, err=True)


def write_json(value: Any) -> None:
    """For programs; on a terminal it is as harmless as ``legible`` text."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    click.echo("".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text))


def legible(text: str) -> str:
    r"""Text that somebody else wrote, on one line: what a terminal would act upon is spelled out.

    >>> legible("tea\x1b[31m\n\u202e")
    'tea\\x1b[31m\\n\\u202e'
    """
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def problems(found: Sequence[Problem]) -> None:
    """Every problem as a block, sorted by place, and how many there are."""
    _blocks(found, "", "red")
    if any(problem.file for problem in found):
        note("")
        note(count(len(found), "problem") + ".")


def warnings(found: Sequence[Problem]) -> None:
    _blocks(found, "warning: ", "yellow")


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """A function to name the current step with; nothing is shown where nobody watches."""
    if not sys.stderr.isatty():
        yield lambda step: None
        return
    from rich.console import Console

    with Console(stderr=True).status("") as status:
        yield lambda step: status.update(step)


def as_data(problem: Problem) -> dict[str, Any]:
    """A problem for programs."""
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "message": problem.message,
        "hint": problem.hint,
    }


def count(number: int, noun: str) -> str:
    """
    >>> count(1, "problem"), count(3, "page")
    ('1 problem', '3 pages')
    """
    return f"{number} {noun}" + ("" if number == 1 else "s")


def size(number: int) -> str:
    """
    >>> size(512), size(20_480), size(3_500_000)
    ('512 B', '20.0 kB', '3.3 MB')
    """
    if number < 1024:
        return f"{number} B"
    return f"{number / 1024:.1f} kB" if number < 1024 * 1024 else f"{number / 1024 / 1024:.1f} MB"


def _blocks(found: Iterable[Problem], prefix: str, colour: str) -> None:
    for index, problem in enumerate(sorted(found, key=Problem.sort_key)):
        if index:
            note("")
        head, _, hint = str(problem).partition("\n")
        note(_styled(prefix + head, colour))
        if hint:
            note(hint)


def _styled(text: str, colour: str) -> str:
    if not sys.stderr.isatty():
        return text
    from rich.console import Console
    from rich.text import Text

    terminal = Console(stderr=True)
    with terminal.capture() as captured:
        terminal.print(Text(text, style=colour), soft_wrap=True, end="")
    return captured.get()
