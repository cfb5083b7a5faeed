"""``POST /_isrgen/revalidate``: an order in JSON, and the purges that it asks for."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final

from isrgen.http.context import Purge

MOST_PURGES: Final = 1000
MOST_BYTES: Final = 1024 * 1024

EXAMPLE: Final = {"paths": ["/blog/tea/"], "tags": ["blog"], "hard": False}


_HALF: Final = re.compile("[\ud800-\udfff]")
"""JSON can write one of two surrogates alone; UTF-8 cannot."""


def purges(body: bytes, key_of: Callable[[str], str | None]) -> list[Purge]:
    """What an order like ``EXAMPLE`` asks for; raises ValueError for one that is none.

    ``key_of`` gives what the cache calls a path, or None for what it cannot be asked for.
    """
    asked = _read(body)
    if not isinstance(asked, dict):
        raise ValueError("The body is not a JSON object.")
    unknown = [name for name in asked if name not in EXAMPLE]
    if unknown:
        raise ValueError(f"`{unknown[0]}` means nothing here: send `paths`, `tags` and `hard`.")
    if "paths" not in asked and "tags" not in asked:
        raise ValueError("Neither `paths` nor `tags` says what to revalidate.")
    hard = asked.get("hard", False)
    paths, tags = _texts(asked, "paths"), _texts(asked, "tags")
    if not isinstance(hard, bool):
        raise ValueError("`hard` is true or false.")
    if len(paths) + len(tags) > MOST_PURGES:
        raise ValueError(f"At most {MOST_PURGES} paths and tags are revalidated at once.")
    found = [Purge(path=_key(path, key_of), hard=hard) for path in paths]
    return found + [Purge(tag=tag, hard=hard) for tag in tags]


def _read(body: bytes) -> Any:
    if not body.strip():
        raise ValueError("The body is empty.")
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ValueError("The body is not JSON.") from error


def _texts(asked: dict[str, Any], name: str) -> list[str]:
    values = asked.get(name, [])
    if not isinstance(values, list) or not all(isinstance(value, str) and value for value in values):
        raise ValueError(f"`{name}` is a list of strings.")
    if any(_HALF.search(value) for value in values):
        raise ValueError(f"`{name}` holds half of a character, which no path or tag has.")
    return values


def _key(path: str, key_of: Callable[[str], str | None]) -> str:
    key = key_of(path)
    if key is None:
        raise ValueError(f"A path begins with a slash, unlike {path!r}.")
    return key
