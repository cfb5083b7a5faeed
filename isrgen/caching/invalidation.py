"""Cache tags: the portable grammar, templates of tags, and what of them a CDN gets.

Three platforms fold the case of tags, most forbid spaces and commas, and some
keep only the first fifty; a tag is therefore brought into the one form that
all of them keep apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Final

from isrgen.caching.automatic import coalesced, page_tag

ALL: Final = "all"
"""The tag that every stored response has."""

MAX_TAGS: Final = 500
"""Tags that one stored response has, at most."""

MAX_CDN_TAGS: Final = 50

_BUCKETS: Final = 16
_MORE: Final = "more:"
_PORTABLE: Final = re.compile(r"[a-z0-9._:/-]{1,128}")
_PLACEHOLDER: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")

Params = Mapping[str, str | Sequence[str]]


def portable(tag: str) -> str:
    """A tag in the grammar ``[a-z0-9._:/-]{1,128}``: lower-cased, or else hashed.

    >>> portable("Post:Tea"), portable("a tag, with commas")
    ('post:tea', 'hash:14f68d44b0e5afdf05263bd3f77b9f64')
    """
    lower = tag.strip().lower()
    return lower if _PORTABLE.fullmatch(lower) else f"hash:{_digest(lower)}"


def placeholders(tag: str) -> tuple[str, ...]:
    """The parameters that a tag of a route asks for.

    >>> placeholders("post:{slug}")
    ('slug',)
    """
    return tuple(_PLACEHOLDER.findall(tag))


def expand(tag: str, params: Params) -> str:
    """A route's tag with this page's parameters; a parameter that is missing stays as written.

    >>> expand("docs:{path}", {"path": ["a", "b"]})
    'docs:a/b'
    """

    def fill(found: re.Match[str]) -> str:
        value = params.get(found[1])
        if value is None:
            return found[0]
        return value if isinstance(value, str) else "/".join(value)

    return _PLACEHOLDER.sub(fill, tag)


def tags_of(
    declared: Iterable[str], params: Params, added: Iterable[str] = (), automatic: Iterable[str] = ()
) -> tuple[str, ...]:
    """Every tag of one page, portable, each once: the route's own, those its code added, the automatic.

    The ones beyond ``MAX_TAGS`` share a few buckets; see ``purge_tags``.
    """
    expanded = [*(expand(tag, params) for tag in declared), *added, *automatic]
    return _within(MAX_TAGS, tuple(dict.fromkeys(portable(tag) for tag in expanded if tag.strip())))


def purge_tags(tag: str) -> tuple[str, ...]:
    """What to purge in a store so that every page with this tag goes."""
    return (tag,) if tag == ALL else (tag, _bucket(tag))


def path_tag(path: str) -> str:
    """The tag by which a CDN that purges only by tag finds a page."""
    return portable(f"path:{path}")


def cdn_tags(tags: Iterable[str], path: str = "") -> tuple[str, ...]:
    """At most fifty tags: ``all``, the path's, and those of the page in their order.

    Of a page that was looked up a CDN is told the collection. The tags beyond
    fifty share a few buckets. ``cdn_purge_tags`` names all that a tag may have
    become; a purge then costs some renders too many and misses none.
    """
    each = [tag for tag in dict.fromkeys(tags) if tag != ALL]
    first = [ALL, path_tag(path)] if path else [ALL]
    itself = portable(page_tag(path))
    told = dict.fromkeys(tag if tag == itself else coalesced(tag) for tag in each)
    return (*first, *_within(MAX_CDN_TAGS - len(first), tuple(told)))


def cdn_purge_tags(tag: str) -> tuple[str, ...]:
    """What to purge at a CDN so that every page with this tag goes."""
    if tag == ALL:
        return (tag,)
    wider = coalesced(tag)
    return tuple(dict.fromkeys((tag, wider, _bucket(tag), _bucket(wider))))


def concerns(*, key: str, tags: Iterable[str], purged_key: str = "", purged_tag: str = "") -> bool:
    """Whether a purge of a key (and all that goes on with ``?``) or of a tag hits a response."""
    if purged_tag:
        return purged_tag == ALL or purged_tag in tags
    return key == purged_key or key.startswith(f"{purged_key}?")


def _within(most: int, tags: tuple[str, ...]) -> tuple[str, ...]:
    """The first tags, and the buckets of those for which there is no room."""
    if len(tags) <= most:
        return tags
    kept = tags[: most - _BUCKETS]
    return tuple(dict.fromkeys((*kept, *sorted({_bucket(tag) for tag in tags[len(kept) :]}))))


def _bucket(tag: str) -> str:
    return tag if tag.startswith(_MORE) else f"{_MORE}{int(_digest(tag), 16) % _BUCKETS}"


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
