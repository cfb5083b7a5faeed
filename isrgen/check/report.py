"""What a check came to."""

from __future__ import annotations

from dataclasses import dataclass, field

from isrgen.check.leaks import LeakTest
from isrgen.errors import Problem


@dataclass(slots=True)
class Report:
    """``problems`` make the check fail; ``unchecked`` is what nothing can be said of."""

    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    unchecked: list[Problem] = field(default_factory=list)
    pages: int = 0
    links: int = 0
    external: int = 0
    leaks: LeakTest | None = None

    def strictly(self) -> None:
        """From now on every warning is a problem."""
        self.problems += self.warnings
        self.warnings = []
