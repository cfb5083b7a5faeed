"""What the system, or a client library, says of a fault, in words that can end a sentence.

Numbers of the system are spelled out, the address is left to whoever asks, for
it is told already, and no full stop is left at the end.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Final

_NUMBER: Final = re.compile(r"\[Errno (\d+)\]")
"""Also where several attempts failed, and each is told: the first one will do."""


def reason(fault: BaseException) -> str:
    """
    >>> reason(ConnectionRefusedError(111, "Connect call failed ('127.0.0.1', 9)"))
    'Connection refused'
    >>> reason(FileNotFoundError(2, "No such file or directory", "/srv/edge"))
    'No such file or directory: /srv/edge'
    >>> reason(ValueError("Authentication required."))
    'Authentication required'
    """
    for error in _causes(fault):
        if isinstance(error, OSError) and error.filename:
            return f"{error.strerror}: {error.filename}"
        number = _NUMBER.search(str(error))
        if number:
            return os.strerror(int(number[1]))
        if isinstance(error, OSError) and error.strerror:
            return error.strerror
    return str(fault).rstrip(".") or type(fault).__name__


def _causes(fault: BaseException | None) -> Iterator[BaseException]:
    """The fault, and what it was made of."""
    while fault is not None:
        yield fault
        fault = fault.__cause__ or (None if fault.__suppress_context__ else fault.__context__)
