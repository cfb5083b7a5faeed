"""The tags that a page gets for what it read, and what a change of a file purges.

``page:/blog/tea/`` is a page, or the absence of one; ``page:SOURCE`` the same
by its file. ``collection:blog``, ``term:tags/tea``, ``data:menu`` and
``template:templates/post.html`` are what they say; ``site:pages`` and
``site:data`` stand for the set as a whole. Tags are given here as people write
them: ``invalidation`` brings them into the portable grammar.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

ALL_PAGES: Final = "site:pages"
ALL_DATA: Final = "site:data"


def page_tag(name: str) -> str:
    """The tag of a page by its URL, or by its source file."""
    return f"page:{name}"


def absent_page_tags(name: str) -> tuple[str, ...]:
    """The tags of a page that was looked for and is not there, however it would spell its URL.

    >>> absent_page_tags("/blog/tea"), absent_page_tags("content/a.md")
    (('page:/blog/tea', 'page:/blog/tea/'), ('page:content/a.md',))
    """
    if not name.startswith("/"):
        return (page_tag(name),)
    bare = name.rstrip("/")
    return (page_tag(bare), page_tag(f"{bare}/")) if bare else (page_tag("/"),)


def collection_tag(name: str) -> str:
    return f"collection:{name}"


def term_tag(term: str, taxonomy: str = "tags") -> str:
    return f"term:{taxonomy}/{term}"


def data_tag(name: str) -> str:
    """The tag of ``data.NAME``: a file below ``data/``, or a folder with all its files."""
    return f"data:{name}"


def template_tag(name: str) -> str:
    """The tag of a template by its file: ``templates/post.html``, or a page's own body."""
    return f"template:{name}"


def changed_page_tags(
    url: str, source: str, collection: str = "", terms: Iterable[str] = ()
) -> tuple[str, ...]:
    """What to purge when this page's file was added, changed or removed."""
    named = absent_page_tags(url) if url else ()
    listed = (collection_tag(collection),) if collection else ()
    return (*named, page_tag(source), *listed, *map(term_tag, terms), template_tag(source), ALL_PAGES)


def changed_data_tags(file: str) -> tuple[str, ...]:
    """What to purge when a file below ``data/`` was added, changed or removed.

    >>> changed_data_tags("teams/red.toml")
    ('data:teams', 'site:data')
    """
    top, _, rest = file.partition("/")
    return (data_tag(top if rest else top.rpartition(".")[0] or top), ALL_DATA)


def coalesced(tag: str) -> str:
    """The tag that stands for this one where there is little room: a page's is that of its folder.

    >>> coalesced("page:/blog/tea/"), coalesced("page:/about/"), coalesced("data:menu")
    ('collection:blog', 'collection:about', 'data:menu')
    """
    if not tag.startswith("page:/"):
        return tag
    folder = tag.removeprefix("page:/").partition("/")[0]
    return collection_tag(folder) if folder else tag
