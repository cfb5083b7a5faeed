"""Where a redirect may lead: a path of the site, or a full address."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

from isrgen.config.table import Table
from isrgen.routing.pattern import Pattern

_PARAM: Final = re.compile(r"\[(?:\.\.\.)?([A-Za-z_][A-Za-z0-9_]*)\]")
_BRACED: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


def read_target(table: Table, key: str, params: Collection[str]) -> str | None:
    """The text at ``key`` if it can be redirected to, with parameters that are known."""
    to = table.text(key).strip()
    hint = "Write a path, /new/, or a full address, https://example.org/new/."
    if any(ord(character) <= 0x20 or character in '"<>\\' for character in to):
        table.report(key, f'The redirect to "{to}" holds a character that no URL may hold.', hint)
        return None
    try:
        parts = urlsplit(to)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme in ("http", "https") and parts.netloc:
        named = _PARAM.findall(to)
    elif to.startswith("/") and not to.startswith("//"):
        try:
            named = list(Pattern.parse(parts.path).params)
            to = _BRACED.sub(r"[\1]", to)
        except ValueError as error:
            table.report(key, f"The redirect has a bad `{key}`: {error}.", hint)
            return None
    else:
        table.report(key, f'"{to}" is not a place to redirect to.', hint)
        return None
    for name in named:
        if name not in params:
            known = f"Its path has {', '.join(params)}." if params else "Its path has no parameters."
            table.report(key, f"The redirect to {to} needs [{name}], which its source does not have.", known)
            return None
    return to
