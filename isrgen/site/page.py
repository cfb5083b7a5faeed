"""A page as its file tells it, before anything is rendered."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

from isrgen.caching.policy import CachePolicy
from isrgen.routing.pattern import Pattern
from isrgen.routing.strategy import Strategy


class Kind(Enum):
    """What a page's body is."""

    MARKDOWN = "markdown"
    TEMPLATE = "template"
    MODULE = "module"
    API = "api"


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """The metadata block on top of a file, or the literals at the top of a module.

    Dates are aware datetimes (midnight UTC where only a day is given). ``extra``
    holds every key that is not isrgen's own.
    """

    title: str = ""
    description: str = ""
    date: datetime | None = None
    updated: datetime | None = None
    draft: bool = False
    publish_at: datetime | None = None
    expires_at: datetime | None = None
    tags: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    permalink: str | None = None
    weight: int = 0
    sitemap: bool = True
    headers: tuple[tuple[str, str], ...] = ()
    redirect: str | None = None
    markdown: dict[str, Any] = field(default_factory=dict)
    layout: str | None = None
    template: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def since(self) -> datetime | None:
        """When it is published: ``publish_at``, else ``date``."""
        return self.publish_at or self.date


@dataclass(frozen=True, slots=True)
class Page:
    """One route's file, or files.

    ``source`` is relative to the site. ``url`` is the permalink (percent-encoded)
    of a page without parameters, and empty for the others. ``layout`` is the
    resolved template name below ``templates/``, None for none. ``body`` starts
    on line ``body_line`` of ``source``. ``middleware`` lists modules, outermost
    first. ``not_found`` is the URL prefix that a ``+not-found`` page serves.
    """

    source: str
    kind: Kind
    pattern: Pattern
    url: str
    strategy: Strategy
    because: str
    policy: CachePolicy = CachePolicy()
    meta: FrontMatter = FrontMatter()
    body: str = ""
    body_line: int = 1
    module: str | None = None
    layout: str | None = None
    section: str = ""
    middleware: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    methods: tuple[str, ...] = ()
    has_static_params: bool = False
    dynamic_params: bool = True
    not_found: str | None = None


@dataclass(frozen=True, slots=True)
class CopiedFile:
    """A file that is copied as it is: ``source`` relative to the site, ``path`` below ``static/``."""

    source: str
    path: str
