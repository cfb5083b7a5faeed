"""What can go wrong, told to the person who can mend it.

Every mistake a person can make becomes one or more ``Problem``s: what, where,
and the way out. They are raised as an ``IsrgenError`` and printed by ``cli``
alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: ``message`` says what, ``hint`` says what to do about it.

    ``file`` is relative to the site and uses ``/``; ``line`` and ``column``
    count from 1.
    """

    message: str
    hint: str = ""
    file: str = ""
    line: int | None = None
    column: int | None = None

    @property
    def where(self) -> str:
        """The place as editors read it: ``content/a.md:3:7``.

        >>> Problem("no", file="content/a.md", line=3).where
        'content/a.md:3'
        """
        numbers = [str(number) for number in (self.line, self.column) if number is not None]
        return ":".join([self.file, *numbers]) if self.file else ""

    def __str__(self) -> str:
        head = f"{self.where}: {self.message}" if self.file else self.message
        return "\n".join([head, *(f"  {line}" for line in self.hint.splitlines())])

    def sort_key(self) -> tuple[str, int, int, str]:
        return (self.file, self.line or 0, self.column or 0, self.message)


class IsrgenError(Exception):
    """Something a person can mend; carries at least one ``Problem``."""

    def __init__(self, problem: Problem | str | Iterable[Problem], hint: str = "") -> None:
        if isinstance(problem, str):
            problem = Problem(problem, hint)
        found = (problem,) if isinstance(problem, Problem) else tuple(problem)
        self.problems: tuple[Problem, ...] = tuple(sorted(set(found), key=Problem.sort_key))
        super().__init__(*self.problems)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)
