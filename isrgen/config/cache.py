"""What may be written under ``cache``: a preset's name, a table, or a Cache-Control string.

Strict where a person writes: a misspelt directive would otherwise make a page
uncached, or shared, without a word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from isrgen.caching.directives import FLAGS, NUMBERS, delta_seconds, lifetime_of, parse
from isrgen.caching.invalidation import expand, placeholders
from isrgen.caching.policy import CachePolicy, Lifetime
from isrgen.config.table import Table, suggestion

_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_TIMES: Final = ("s-maxage", "stale-while-revalidate", "stale-if-error")
KEYS: Final = (*_TIMES, "tags", "query", "vary", "bypass-cookies")

_PLAIN: Final = {*FLAGS, "immutable", "no-transform", "must-understand"}

_NEVER_VARY: Final = {
    "*": "no two requests are alike then. Name the request headers that matter",
    "cookie": "nearly every visitor has another one. List the cookies that matter under `bypass-cookies`",
    "authorization": "such requests are never answered from cache anyway. Leave it out",
    **dict.fromkeys(
        ("host", "forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"),
        "what tells where a request came from is never part of a key: anybody may say anything. Leave it out",
    ),
}


def read_cache(table: Table, key: str, presets: Mapping[str, Lifetime | None]) -> CachePolicy | None:
    """The policy written at ``key``; None where there is none, or a broken one."""
    value = table.data.get(key)
    if value is None:
        return None
    if isinstance(value, str):
        return _from_text(table, key, value, presets)
    if not isinstance(value, dict):
        table.wrong(key, "a cache rule", _choices(presets))
        return None
    inner = table.table(key)
    return _from_table(inner) if inner is not None else None


def read_lifetime(table: Table, key: str) -> Lifetime | None:
    """One of ``[cache.presets]``: a table of times, or a Cache-Control string."""
    value = table.data.get(key)
    if isinstance(value, str):
        policy = _from_text(table, key, value, {})
        return policy.lifetime if policy else None
    inner = table.table(key)
    if inner is None:
        return None
    inner.unknown(_TIMES, "A preset holds times only.")
    return _times(inner)


def _choices(presets: Mapping[str, Lifetime | None]) -> str:
    return (
        f"Write a preset ({', '.join(sorted(presets))}), a table with s-maxage,"
        ' or a Cache-Control string such as "public, s-maxage=3600".'
    )


def _from_table(table: Table) -> CachePolicy:
    if "max-age" in table.data:
        table.report(
            "max-age",
            "`cache.max-age` is for browsers, and they always ask again for a page that can change.",
            "Write `s-maxage`, the time the edge may keep it.",
        )
    table.unknown((*KEYS, "max-age"))
    return CachePolicy(_times(table), _tags(table), _names(table, "query"), _vary(table), _cookies(table))


def _times(table: Table) -> Lifetime | None:
    if "s-maxage" in table:
        lifetime = Lifetime(*(table.duration(key) for key in _TIMES))
        return None if lifetime == Lifetime(0) else lifetime
    for key in _TIMES[1:]:
        if key in table:
            table.report(
                key,
                f"`{table.name_of(key)}` stands without `s-maxage`: nothing says when the page is stale.",
                "Add `s-maxage: 1h`, or whatever time the page stays fresh.",
            )
    return None


def _tags(table: Table) -> tuple[str, ...]:
    tags = table.texts("tags")
    for tag in tags:
        plain = expand(tag, dict.fromkeys(placeholders(tag), ""))
        if not tag.strip() or set(plain) & set("{}"):
            table.report(
                "tags",
                f'"{tag}" cannot be a cache tag.',
                'Write plain text, with parameters as {name}: "post:{slug}".',
            )
    return tags


def _names(table: Table, key: str) -> tuple[str, ...]:
    names = table.texts(key)
    if not all(names):
        table.report(key, f"`{table.name_of(key)}` holds an empty name.", "Remove it.")
    return names


def _vary(table: Table) -> tuple[str, ...]:
    names = _tokens(table, "vary", "the name of a request header")
    for name in names:
        if reason := _NEVER_VARY.get(name.lower()):
            table.report("vary", f"A kept page cannot vary by `{name}`.", f"In a cache, {reason}.")
    return names


def _cookies(table: Table) -> tuple[str, ...]:
    return _tokens(table, "bypass-cookies", "the name of a cookie")


def _tokens(table: Table, key: str, what: str) -> tuple[str, ...]:
    names = table.texts(key)
    for name in names:
        if not _TOKEN.fullmatch(name):
            hint = "A name has no spaces, commas or quotes in it."
            table.report(key, f'"{name}" in `{table.name_of(key)}` is not {what}.', hint)
    return names


def _from_text(
    table: Table, key: str, text: str, presets: Mapping[str, Lifetime | None]
) -> CachePolicy | None:
    if text in presets:
        return CachePolicy(presets[text])
    if not _is_written_well(table, key, text, presets):
        return None
    return CachePolicy(lifetime_of(parse(text)))


def _is_written_well(table: Table, key: str, text: str, presets: Mapping[str, Lifetime | None]) -> bool:
    """Whether each directive is known (RFC 9111 section 5.2.2), with seconds where it needs them."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if len(parts) <= 1 and "=" not in text and text.strip().lower() not in _PLAIN:
        hint = f"{suggestion(text, presets)} Add your own under [cache.presets]."
        table.report(key, f'There is no cache preset called "{text}".', hint)
        return False
    judged = [_is_known(table, key, part) for part in parts]
    return all(judged)


def _is_known(table: Table, key: str, part: str) -> bool:
    name, _, value = (piece.strip() for piece in part.partition("="))
    name = name.lower()
    if name in _PLAIN:
        return True
    if name not in NUMBERS:
        table.report(
            key, f"`{name}` is not a Cache-Control directive.", suggestion(name, {*_PLAIN, *NUMBERS})
        )
        return False
    if delta_seconds(value.strip('"')) is None:
        hint = f"A Cache-Control string counts seconds: {name}=3600. A table may say 1h."
        table.report(key, f'`{name}` in `{table.name_of(key)}` is "{value}", not seconds.', hint)
        return False
    return True
