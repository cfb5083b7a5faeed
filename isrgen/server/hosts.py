"""What a ``Host`` may say: a name or an address, perhaps a port (RFC 9112 section 3.2).

A request that names two, or none, is read in one way by one server and in
another by the next, so each has to refuse it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

HOST: Final = re.compile(
    r"(?P<name>[a-z0-9_.\-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::(?P<port>[0-9]{0,5}))?", re.IGNORECASE
)

_MAY_LACK_IT: Final = frozenset({"1.0", "1"})


def host_fault(version: str, hosts: Sequence[str]) -> str:
    """What is wrong with the ``Host`` lines of a request in this version of HTTP; "" for nothing.

    >>> host_fault("1.1", ["shop.example:8080"]), host_fault("1.1", ["[::1]:"]), host_fault("1.0", [])
    ('', '', '')
    >>> host_fault("1.1", []), host_fault("1.0", ["a", "a"])
    ('This request names no host.', 'This request names no single host.')
    """
    if not hosts or (len(hosts) == 1 and not hosts[0].strip()):
        return "" if version in _MAY_LACK_IT else "This request names no host."
    if len(hosts) > 1 or not HOST.fullmatch(hosts[0].strip()):
        return "This request names no single host."
    return ""
