"""The pages of a site as renders make them, and a record of all that were made."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from isrgen.caching.policy import Lifetime


@dataclass(frozen=True)
class Page:
    """What a render makes of a page now; ``how`` is "", or what is the matter with it."""

    version: int = 0
    lifetime: Lifetime = Lifetime(60)
    vary: bool = False
    how: str = ""
    status: int = 200


@dataclass(frozen=True)
class Render:
    """One that was made: ``number`` and ``at`` are when it began."""

    number: int
    at: float
    key: str
    page: Page
    language: str
    visitor: str


@dataclass
class Renders:
    """All that were made, by the body each has."""

    number: int = 0
    made: dict[bytes, list[Render]] = field(default_factory=dict)
    soft: Counter[str] = field(default_factory=Counter)
    hard: Counter[str] = field(default_factory=Counter)
    failed_at: dict[str, float] = field(default_factory=dict)

    def next(self) -> int:
        self.number += 1
        return self.number
