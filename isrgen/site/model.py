"""A site as its files tell it: immutable, and the same wherever it is loaded."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from isrgen.config import Config
from isrgen.manifest import Redirect
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
