"""Breaking a connection off, so that a body that is not whole cannot pass for one that is.

granian ends every chunked body with its last chunk, whether the application
returns or raises, and offers no other end. But the connection is a socket of
this very process: it is found by its two ends and shut down.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import Final

_DESCRIPTORS: Final = Path("/dev/fd")
"""On Linux and macOS, every descriptor of the process that looks; elsewhere nothing is found."""


def hang_up(port: str, peer: str) -> bool:
    """Shut down the connection of ``peer`` to our ``port``; whether it was found.

    ``peer`` is written ``1.2.3.4:5678`` or ``[::1]:5678``.
    """
    for descriptor in _descriptors():
        with suppress(OSError), _duplicate(descriptor) as found:
            here, there = found.getsockname(), found.getpeername()
            if _name(there) == peer and str(here[1]) == port:
                found.shutdown(socket.SHUT_RDWR)
                return True
    return False


def _descriptors() -> list[int]:
    try:
        return [int(entry.name) for entry in _DESCRIPTORS.iterdir()]
    except OSError:
        return []


def _duplicate(descriptor: int) -> socket.socket:
    """The same socket under a number that nobody else closes or gives away; raises OSError for a file."""
    mine = os.dup(descriptor)
    try:
        return socket.socket(fileno=mine)
    except OSError:
        os.close(mine)
        raise


def _name(address: object) -> str:
    if not isinstance(address, tuple):
        return ""
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
