"""What to do with a request, given what is stored.

The cache is a function from (request facts, stored response, now) to one
Decision. ``isrgen.edge`` carries decisions out; it never makes one. To change
the cache's behaviour, change this file; to explain it, read ``TABLE``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from isrgen.caching.freshness import Freshness, freshness
from isrgen.caching.keys import select
from isrgen.caching.status import Fwd
from isrgen.caching.stored import HeaderPairs, Stored


class Found(Enum):
    """What the store holds for a request."""

    NOTHING = "nothing under this key"
    OTHER_VARIANT = "only variants for other requests"
    FRESH = "a fresh response"
    STALE_USABLE = "a stale response within its window"
    STALE_ON_ERROR = "a stale response for when nothing newer can be had"
    EXPIRED = "a response past every window"


class Origin(Enum):
    """How the origin may be asked."""

    READY = "ready"
    BACKING_OFF = "a refresh failed a moment ago"


class Action(Enum):
    """What the edge does.

    ``SEND`` the stored response; ``SEND_AND_REVALIDATE``: send it at once and
    render behind the visitor's back; ``REVALIDATE``: render, and fall back on
    the stored response; ``FORWARD``: render, there is nothing to fall back on.
    """

    SEND = "send"
    SEND_AND_REVALIDATE = "send and revalidate"
    REVALIDATE = "revalidate"
    FORWARD = "forward"


@dataclass(frozen=True, slots=True)
class Decision:
    """An action and the Cache-Status words that explain it.

    ``stored`` is the selected response, if any. Only what a request is
    forwarded for with ``keep`` may be stored or shared with those who wait.
    """

    action: Action
    fwd: Fwd | None = None
    detail: str = ""
    keep: bool = True
    stored: Stored | None = None


TABLE: Final[dict[tuple[Found, Origin], Decision]] = {
    (Found.NOTHING, Origin.READY): Decision(Action.FORWARD, Fwd.URI_MISS),
    (Found.NOTHING, Origin.BACKING_OFF): Decision(Action.FORWARD, Fwd.URI_MISS),
    (Found.OTHER_VARIANT, Origin.READY): Decision(Action.FORWARD, Fwd.VARY_MISS),
    (Found.OTHER_VARIANT, Origin.BACKING_OFF): Decision(Action.FORWARD, Fwd.VARY_MISS),
    (Found.FRESH, Origin.READY): Decision(Action.SEND),
    (Found.FRESH, Origin.BACKING_OFF): Decision(Action.SEND),
    (Found.STALE_USABLE, Origin.READY): Decision(Action.SEND_AND_REVALIDATE, detail="revalidating"),
    (Found.STALE_USABLE, Origin.BACKING_OFF): Decision(Action.SEND, detail="backing-off"),
    (Found.STALE_ON_ERROR, Origin.READY): Decision(Action.REVALIDATE, Fwd.STALE),
    (Found.STALE_ON_ERROR, Origin.BACKING_OFF): Decision(Action.SEND, detail="stale-if-error"),
    (Found.EXPIRED, Origin.READY): Decision(Action.FORWARD, Fwd.STALE),
    (Found.EXPIRED, Origin.BACKING_OFF): Decision(Action.FORWARD, Fwd.STALE),
}

_FOUND: Final[dict[Freshness, Found]] = {
    Freshness.FRESH: Found.FRESH,
    Freshness.STALE_USABLE: Found.STALE_USABLE,
    Freshness.STALE_ON_ERROR: Found.STALE_ON_ERROR,
    Freshness.EXPIRED: Found.EXPIRED,
}


def decide(
    variants: Sequence[Stored],
    selecting: Callable[[tuple[str, ...]], HeaderPairs],
    now: float,
    *,
    bypass: str = "",
    backing_off: bool = False,
) -> Decision:
    """The decision for one request.

    ``bypass`` is the reason for which the request goes past the cache both
    ways: it is neither answered from it nor may its answer be kept.
    """
    if bypass:
        return Decision(Action.FORWARD, Fwd.BYPASS, detail=bypass, keep=False)
    stored = select(variants, selecting)
    origin = Origin.BACKING_OFF if backing_off else Origin.READY
    row = TABLE[found(variants, stored, now), origin]
    return Decision(row.action, row.fwd, row.detail, row.keep, stored)


def found(variants: Sequence[Stored], stored: Stored | None, now: float) -> Found:
    """What the store holds, in the words of ``TABLE``."""
    if stored is None:
        return Found.OTHER_VARIANT if variants else Found.NOTHING
    return _FOUND[freshness(stored, now)]


def usable_on_error(stored: Stored | None, now: float) -> bool:
    """Whether the last good response may stand in for a failed render (RFC 5861 section 4)."""
    return stored is not None and freshness(stored, now) is not Freshness.EXPIRED
