"""What a render's outcome does to what is stored, and which of two responses stays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from isrgen.caching.keys import compatible
from isrgen.caching.stored import Stored


class Result(Enum):
    """How a render ended, as far as the store is concerned."""

    SHAREABLE = "shareable"
    DEGRADED = "shareable, but made of fallback data"
    PRIVATE = "private"
    FAILED = "failed: 5xx, or past its deadline"


class Effect(Enum):
    """What happens to the stored response."""

    REPLACE = "replace"
    REPLACE_BRIEFLY = "replace, for a few seconds"
    REMOVE = "remove"
    KEEP = "keep"


TABLE: Final[dict[tuple[Result, bool], Effect]] = {
    (Result.SHAREABLE, True): Effect.REPLACE,
    (Result.SHAREABLE, False): Effect.REPLACE,
    (Result.DEGRADED, True): Effect.KEEP,
    (Result.DEGRADED, False): Effect.REPLACE_BRIEFLY,
    (Result.PRIVATE, True): Effect.REMOVE,
    (Result.PRIVATE, False): Effect.REMOVE,
    (Result.FAILED, True): Effect.KEEP,
    (Result.FAILED, False): Effect.KEEP,
}
"""(how the render ended, is there a good response that may still be sent?) -> effect.
A 404 or 410 that may be shared is as good a result as a 200."""

FIRST_BACKOFF: Final = 1.0
LONGEST_BACKOFF: Final = 60.0

PRIVATE_SECONDS: Final = 30.0
"""How long a key that turned out private is rendered without waiting for one another."""


def settle(result: Result, has_good: bool) -> Effect:
    return TABLE[result, has_good]


def backoff(failures: int) -> float:
    """Seconds to leave the origin alone after so many failed refreshes in a row.

    >>> [backoff(n) for n in (1, 2, 3, 20)]
    [1.0, 2.0, 4.0, 60.0]
    """
    return min(FIRST_BACKOFF * 2.0 ** min(failures - 1, 10), LONGEST_BACKOFF)


@dataclass(frozen=True, slots=True)
class Rank:
    """The order of builds in one store: the one announced last has the highest ``build``."""

    new: int = 0
    old: int = 0


def may_replace(new: Stored, old: Stored, rank: Rank = Rank()) -> bool:
    """Whether ``new`` may take the place of ``old``, a response that one request could select too.

    What an older build or an older render made never overwrites newer; what
    is put in already invalidated (a seed) never overwrites anything.
    """
    if not compatible(new.selecting, old.selecting):
        return True
    if new.invalidated:
        return False
    if rank.new != rank.old:
        return rank.new > rank.old
    return new.generated_at >= old.generated_at


def purged(stored: Stored, hard: bool) -> Stored | None:
    """A stored response after a purge; a 404 never outlives one, for the page may be there now."""
    if hard or stored.status == 404:
        return None
    return stored if stored.invalidated else replace(stored, invalidated=True)
