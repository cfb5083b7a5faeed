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
    STALE_UNREACHABLE = "a stale response for when nobody answers"
    EXPIRED = "a response past every window"


class Origin(Enum):
    """How the origin may be asked."""

    READY = "ready"
    BACKING_OFF = "a refresh failed a moment ago"
    UNREACHABLE = "nobody answered a moment ago"


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


_MISS: Final = Decision(Action.FORWARD, Fwd.URI_MISS)
_VARY_MISS: Final = Decision(Action.FORWARD, Fwd.VARY_MISS)
_SEND: Final = Decision(Action.SEND)
_BACKING_OFF: Final = Decision(Action.SEND, detail="backing-off")
_ON_ERROR: Final = Decision(Action.SEND, detail="stale-if-error")
_STALE: Final = Decision(Action.FORWARD, Fwd.STALE)

TABLE: Final[dict[tuple[Found, Origin], Decision]] = {
    (Found.NOTHING, Origin.READY): _MISS,
    (Found.NOTHING, Origin.BACKING_OFF): _MISS,
    (Found.NOTHING, Origin.UNREACHABLE): _MISS,
    (Found.OTHER_VARIANT, Origin.READY): _VARY_MISS,
    (Found.OTHER_VARIANT, Origin.BACKING_OFF): _VARY_MISS,
    (Found.OTHER_VARIANT, Origin.UNREACHABLE): _VARY_MISS,
    (Found.FRESH, Origin.READY): _SEND,
    (Found.FRESH, Origin.BACKING_OFF): _SEND,
    (Found.FRESH, Origin.UNREACHABLE): _SEND,
    (Found.STALE_USABLE, Origin.READY): Decision(Action.SEND_AND_REVALIDATE, detail="revalidating"),
    (Found.STALE_USABLE, Origin.BACKING_OFF): _BACKING_OFF,
    (Found.STALE_USABLE, Origin.UNREACHABLE): _BACKING_OFF,
    (Found.STALE_ON_ERROR, Origin.READY): Decision(Action.REVALIDATE, Fwd.STALE),
    (Found.STALE_ON_ERROR, Origin.BACKING_OFF): _ON_ERROR,
    (Found.STALE_ON_ERROR, Origin.UNREACHABLE): _ON_ERROR,
    (Found.STALE_UNREACHABLE, Origin.READY): Decision(Action.REVALIDATE, Fwd.STALE),
    (Found.STALE_UNREACHABLE, Origin.BACKING_OFF): _STALE,
    (Found.STALE_UNREACHABLE, Origin.UNREACHABLE): Decision(Action.SEND, detail="unreachable"),
    (Found.EXPIRED, Origin.READY): _STALE,
    (Found.EXPIRED, Origin.BACKING_OFF): _STALE,
    (Found.EXPIRED, Origin.UNREACHABLE): _STALE,
}

_FOUND: Final[dict[Freshness, Found]] = {
    Freshness.FRESH: Found.FRESH,
    Freshness.STALE_USABLE: Found.STALE_USABLE,
    Freshness.STALE_ON_ERROR: Found.STALE_ON_ERROR,
    Freshness.STALE_UNREACHABLE: Found.STALE_UNREACHABLE,
    Freshness.EXPIRED: Found.EXPIRED,
}


def decide(
    variants: Sequence[Stored],
    selecting: Callable[[tuple[str, ...]], HeaderPairs],
    now: float,
    *,
    bypass: str = "",
    authorized: bool = False,
    origin: Origin = Origin.READY,
) -> Decision:
    """The decision for one request.

    ``bypass`` is the reason for which the request goes past the cache both
    ways: it is neither answered from it nor may its answer be kept. A request
    that is ``authorized`` is answered only from what allows it (section 3.5).
    """
    if bypass:
        return Decision(Action.FORWARD, Fwd.BYPASS, detail=bypass, keep=False)
    if authorized:
        variants = [stored for stored in variants if stored.for_authorized]
    stored = select(variants, selecting)
    row = TABLE[found(variants, stored, now), origin]
    return Decision(row.action, row.fwd, row.detail, row.keep, stored)


def found(variants: Sequence[Stored], stored: Stored | None, now: float) -> Found:
    """What the store holds, in the words of ``TABLE``."""
    if stored is None:
        return Found.OTHER_VARIANT if variants else Found.NOTHING
    return _FOUND[freshness(stored, now)]


def usable_on_error(stored: Stored | None, now: float, *, unreachable: bool = False) -> bool:
    """Whether the last good response may stand in for a failed one.

    RFC 5861 section 4; and RFC 9111 section 4.2.4 where the origin was
    ``unreachable``, which lets more be sent than an answer of 503 does.
    """
    if stored is None:
        return False
    state = freshness(stored, now)
    return state is not Freshness.EXPIRED and (unreachable or state is not Freshness.STALE_UNREACHABLE)


def is_reusable(stored: Stored, now: float) -> bool:
    """Whether those who waited for a response may have it without asking the origin again."""
    return freshness(stored, now) in (Freshness.FRESH, Freshness.STALE_USABLE)
