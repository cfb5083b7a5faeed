"""One finished render: what is sent, and who may share it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from enum import Enum

from isrgen.caching.policy import Lifetime
from isrgen.http.context import Purge
from isrgen.http.headers import Headers


class Outcome(Enum):
    """How a render ended; only ``DONE`` may ever be stored."""

    DONE = "done"
    FAILED = "failed"
    TIMEOUT = "timeout"
    BUSY = "busy"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Shared:
    """The leave to keep a response for everyone: the judgment said yes.

    ``vary`` names lower-case request fields; ``tags`` are already in the
    portable grammar. ``lifetime`` ends where the page's content changes by
    itself: that is ``asked``, cut at the Unix time ``until``. The last three
    are facts of what an origin sent, as ``Stored`` has them.
    """

    lifetime: Lifetime
    vary: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    asked: Lifetime | None = None
    until: float | None = None
    initial_age: int = 0
    if_disconnected: int = 0
    for_authorized: bool = False


@dataclass(slots=True)
class Answer:
    """What a render made.

    ``shared`` is None for a private answer, and ``reason`` then says why in
    words that fit ``Cache-Status``'s ``detail``. ``headers`` hold no cache
    field: those are written once, from ``shared``, by whoever sends; the
    headers of an origin that isrgen did not build are its own. ``renewed``: an
    origin said that what is stored still holds, and this is it.
    """

    status: int
    headers: Headers
    body: bytes = b""
    stream: AsyncIterator[bytes] | None = None
    shared: Shared | None = None
    outcome: Outcome = Outcome.DONE
    degraded: str | None = None
    reason: str = ""
    purges: tuple[Purge, ...] = field(default=())
    renewed: bool = False
