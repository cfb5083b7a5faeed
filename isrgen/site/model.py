"""A site as its files tell it: immutable, and the same wherever it is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from isrgen.config import Config
from isrgen.manifest import Redirect
from isrgen.site.names import suffixless
from isrgen.site.page import CopiedFile, Page


@dataclass(frozen=True, slots=True)
class Site:
    """Everything in a site's folder.

    ``pages`` are the routes in match order, API routes too. ``scheduled`` pages
    are not out yet, or no longer; ``drafts`` are out nowhere; ``moved`` pages
    are only a redirect. ``python`` lists every module below ``content/``,
    ``assets`` paths below ``assets/``, ``templates`` paths below ``templates/``.
    """

    config: Config
    pages: tuple[Page, ...] = ()
    not_found: tuple[Page, ...] = ()
    files: tuple[CopiedFile, ...] = ()
    assets: tuple[str, ...] = ()
    data: dict[str, Any] = field(default_factory=dict)
    templates: tuple[str, ...] = ()
    scheduled: tuple[Page, ...] = ()
    drafts: tuple[Page, ...] = ()
    moved: tuple[Page, ...] = ()
    redirects: tuple[Redirect, ...] = ()
    python: tuple[str, ...] = ()
    links: Mapping[str, Page] = field(default_factory=dict, repr=False, compare=False)
    copies: Mapping[str, CopiedFile] = field(default_factory=dict, repr=False, compare=False)

    def page_at(self, source: str) -> Page | None:
        """The page of a source file, named with or without its ``+`` suffix.

        Drafts, scheduled and moved pages are found too: a link to one is
        another mistake than a link to nothing.
        """
        return self.links.get(suffixless(source))

    def file_at(self, source: str) -> CopiedFile | None:
        """The copied file of a source file beside a page or below ``static/``."""
        return self.copies.get(source)
