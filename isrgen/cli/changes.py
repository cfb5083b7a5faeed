"""From changed files to what of the cache they concern: for ``isrgen purge --since``.

A page's file is looked up in the site as it was and as it is, for a change may
have moved the page, or taken it out of a list. What cannot be told page by
page concerns everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Final

from isrgen.caching.automatic import changed_data_tags, changed_page_tags, template_tag
from isrgen.caching.invalidation import ALL
from isrgen.cli.revisions import Revision
from isrgen.config import Config
from isrgen.http.context import Purge
from isrgen.site.load import survey
from isrgen.site.model import Site
from isrgen.site.page import Kind, Page

_EVERYTHING: Final = Purge(tag=ALL)
_CONFIGURATION: Final = ("isrgen.toml", "pyproject.toml", "requirements.txt")
_PAGES: Final = (".md", ".html", ".py")


@dataclass(frozen=True, slots=True)
class Change:
    """One thing to purge, and the first file that asks for it."""

    purge: Purge
    because: str


def since(config: Config, revision: Revision) -> list[Change]:
    """What to purge for all that has changed, each once; everything where one file asks for it."""
    files = revision.changed()
    sites: tuple[Site, ...] = ()
    if any(file.startswith("content/") for file in files):
        with revision.texts() as folder:
            sites = (_site(replace(config, root=folder)), _site(config))
    found: dict[Purge, Change] = {}
    for file in files:
        for purge in _concerned(file, config, sites):
            found.setdefault(purge, Change(purge, file))
    return [found[_EVERYTHING]] if _EVERYTHING in found else list(found.values())


def _site(config: Config) -> Site:
    """As far as it can be read: a mistake in one page is no reason to keep the others."""
    return survey(config, drafts=True, future=True, now=datetime.now(UTC))[0]


def _concerned(file: str, config: Config, sites: Iterable[Site]) -> Iterator[Purge]:
    top, _, rest = file.partition("/")
    if top == "content":
        yield from _content(file, sites)
    elif top == "data" and rest:
        yield from _tagged(changed_data_tags(rest))
    elif top == "templates":
        yield from _tagged((template_tag(file),))
    elif top == "static" and rest:
        yield Purge(path=f"/{rest}")
    elif top == "assets" or file in _CONFIGURATION or _is_included(file, config):
        yield _EVERYTHING


def _content(file: str, sites: Iterable[Site]) -> Iterator[Purge]:
    """A page's own file, Python that pages run, or a file that is copied beside them."""
    known = False
    for site in sites:
        for page in _every(site):
            if file in (page.source, page.module) or file in page.middleware:
                known = True
                yield from _page(file, page)
        for copied in site.files:
            if file == copied.source:
                known = True
                yield Purge(path=f"/{copied.path}")
    if not known and PurePosixPath(file).suffix in _PAGES:
        yield _EVERYTHING


def _page(file: str, page: Page) -> Iterator[Purge]:
    if not page.url and page.kind in (Kind.MODULE, Kind.API):
        # Many pages come of it, and none of them says so.
        yield _EVERYTHING
    elif file == page.source:
        yield from _tagged(changed_page_tags(page.url, page.source, page.section, page.meta.tags))
    else:
        yield from _tagged(changed_page_tags(page.url, page.source))


def _every(site: Site) -> Iterator[Page]:
    yield from (*site.pages, *site.not_found, *site.scheduled, *site.drafts, *site.moved)


def _tagged(tags: Iterable[str]) -> Iterator[Purge]:
    return (Purge(tag=tag) for tag in tags)


def _is_included(file: str, config: Config) -> bool:
    return any(file == name or file.startswith(f"{name.rstrip('/')}/") for name in config.include)
