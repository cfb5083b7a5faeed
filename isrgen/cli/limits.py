"""What the server in front of every application puts up with: connections, waiting, sizes.

A connection that says nothing, or says it slowly, is closed after ``PATIENCE``
seconds, so that only as many are held as come within that time. HTTP/1 alone
is spoken: a server that takes both waits for the first bytes to tell them
apart, and granian waits for them for ever.
"""

from __future__ import annotations

import resource
from contextlib import suppress
from typing import Any, Final

from granian.constants import HTTPModes
from granian.http import HTTP1Settings

from isrgen.server.limits import MOST_HEADER_BYTES, MOST_PATH, MOST_QUERY

PATIENCE: Final = 20
"""Seconds for the head of a request to arrive whole, and for which an idle connection is kept open."""

BACKLOG: Final = 2048
"""Connections that the system holds until a worker takes them."""

_WANTED: Final = 16384
_OTHER: Final = 256
"""Descriptors for what is no visitor's connection: the store, files, the origin."""


def granian_limits() -> dict[str, Any]:
    """The arguments of granian's server that say so; raises the limit on descriptors as far as it goes."""
    return {
        "http": HTTPModes.http1,
        "http1_settings": HTTP1Settings(
            header_read_timeout=PATIENCE * 1000, max_buffer_size=MOST_HEADER_BYTES + MOST_PATH + MOST_QUERY
        ),
        "backlog": BACKLOG,
        # granian holds no more connections than that, idle ones included.
        "backpressure": max(128, _descriptors() - _OTHER),
    }


def _descriptors() -> int:
    """How many files and connections a worker may have open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _WANTED if hard == resource.RLIM_INFINITY else min(_WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return wanted if soft == resource.RLIM_INFINITY else min(soft, wanted)
