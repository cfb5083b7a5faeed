"""Fields that concern one connection only, and so are never passed on (RFC 9110 section 7.6.1).

Also those of a proxy that asks for a password: what an origin says of one is
for nobody behind us (RFC 9111 section 3.1).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

HOP: Final = frozenset(
    {
        "connection", "keep-alive", "proxy-authenticate", "proxy-authentication-info", "proxy-authorization",
        "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
    }
)  # fmt: skip

_FOR_EVERYONE: Final = frozenset(
    {
        "age", "cache-control", "cdn-cache-control", "content-encoding", "content-length", "content-range",
        "content-type", "date", "expires", "host", "set-cookie", "vary",
    }
)  # fmt: skip
"""Fields that ``Connection`` may not name, for every recipient needs them: without its ``Set-Cookie`` or
``Age`` a response would seem fit to be kept, or fresh."""

Pairs = Iterable[tuple[str, str]]


def without_hops(pairs: Pairs) -> list[tuple[str, str]]:
    """The fields for the next recipient; names are lower case.

    >>> without_hops([("connection", "close, X-Mine"), ("x-mine", "1"), ("x-yours", "2")])
    [('x-yours', '2')]
    """
    held = list(pairs)
    named = {
        option.strip(" \t").lower()
        for name, value in held
        if name == "connection"
        for option in value.split(",")
    }
    dropped = HOP | (named - _FOR_EVERYONE)
    return [pair for pair in held if pair[0] not in dropped]
