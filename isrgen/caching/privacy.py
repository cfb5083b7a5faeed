"""What a render read of its request decides who may share its response.

``judge`` is asked last, after middleware and header rules, and its word is
final.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class What(Enum):
    """The parts of a request that a render can read."""

    COOKIE = "cookie"
    ALL_COOKIES = "all cookies"
    HEADER = "header"
    ALL_HEADERS = "all headers"
    QUERY = "query parameter"
    ALL_QUERY = "all query parameters"
    CLIENT = "client address"


@dataclass(frozen=True, slots=True)
class Read:
    """One read: ``name`` is lower case for headers; ``file`` and ``line`` say who read it."""

    what: What
    name: str = ""
    file: str = ""
    line: int = 0
