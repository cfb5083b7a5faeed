"""Who may use the endpoints below ``/_isrgen/``, and how often.

The token is compared in constant time, its length included. Wrong tokens are
counted by the address they come from: past a few, nothing from there is even
looked at for a while, so that a 429 tells nobody whether a guess was right.
"""

from __future__ import annotations

import hmac
import math
from collections.abc import Callable
from hashlib import sha256
from ipaddress import IPv6Address, ip_address
from typing import Final

from isrgen.edge.recent import Recent

WRONG_AT_ONCE: Final = 20
WRONG_A_SECOND: Final = 0.5
_MOST_ADDRESSES: Final = 1024


class Bucket:
    """So many at once, and so many a second from then on. Times are handed in, and may jump."""

    __slots__ = ("_burst", "_left", "_rate", "_then")

    def __init__(self, rate: float, burst: int, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._left = float(burst)
        self._then = now

    def wait(self, now: float) -> int:
        """Whole seconds until there is one to take; 0 when there is one now."""
        elapsed, self._then = max(0.0, now - self._then), now
        self._left = min(self._burst, self._left + elapsed * self._rate)
        return 0 if self._left >= 1 else math.ceil((1 - self._left) / self._rate)

    def take(self, now: float) -> int:
        """Take one, or tell as ``wait`` does why not."""
        seconds = self.wait(now)
        if not seconds:
            self._left -= 1
        return seconds


class Gate:
    """Compares with one token; ``is_open`` tells whether there is one."""

    def __init__(self, token: str, clock: Callable[[], float]) -> None:
        self._digest = _digest(token.strip())
        self.is_open = bool(token.strip())
        self._clock = clock
        self._wrong: Recent[str, Bucket] = Recent(_MOST_ADDRESSES)

    def wait(self, address: str) -> int:
        """Seconds for which nothing from this address is looked at."""
        bucket = self._wrong.get(_network(address))
        return 0 if bucket is None else bucket.wait(self._clock())

    def admits(self, token: str, address: str) -> bool:
        """Whether this is the token; ask ``wait`` first."""
        if self.is_open and hmac.compare_digest(_digest(token), self._digest):
            return True
        network, now = _network(address), self._clock()
        bucket = self._wrong.get(network) or Bucket(WRONG_A_SECOND, WRONG_AT_ONCE, now)
        bucket.take(now)
        self._wrong.set(network, bucket)
        return False


def bearer(authorization: str | None) -> str:
    """The token of an ``Authorization`` header (RFC 6750 section 2.1); "" where it has none.

    >>> bearer("bearer  abc"), bearer("Basic abc"), bearer(None)
    ('abc', '', '')
    """
    scheme, _, said = (authorization or "").partition(" ")
    if scheme.lower() != "bearer":
        return ""
    # A header is text in which each character is a byte; a token beyond ASCII is sent as UTF-8.
    return said.strip().encode("latin-1", "replace").decode("utf-8", "replace")


def _digest(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogatepass")).digest()


def _network(address: str) -> str:
    """What one visitor may have many of counts as one address: of IPv6, the first 64 bits."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return f"{int(parsed) >> 64:x}::" if parsed.ipv4_mapped is None else str(parsed.ipv4_mapped)
    return str(parsed)
