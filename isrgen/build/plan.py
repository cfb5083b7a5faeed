"""From a site to its routes and to the names of its files: pure, so that it can be read and tested."""

from __future__ import annotations

from collections.abc import Iterable

from isrgen.config import Config
from isrgen.manifest import HeaderRule, NotFound, Route
from isrgen.routing.priority import sort_key
from isrgen.site.page import Kind, Page


def route_of(page: Page) -> Route:
    """The manifest's route for a page."""
    return Route(
        pattern=page.pattern,
        strategy=page.strategy,
        source=page.source,
        because=page.because,
        policy=page.policy,
        page=None if page.kind is Kind.API else page.source,
        module=page.module,
        middleware=page.middleware,
        methods=page.methods,
        headers=page.headers,
        dynamic_params=page.dynamic_params,
    )


def routes_of(pages: Iterable[Page]) -> tuple[Route, ...]:
    """Routes in the order of match."""
    return tuple(map(route_of, sorted(pages, key=lambda page: (sort_key(page.pattern), page.source))))


def not_found_of(page: Page) -> NotFound:
    """Where a ``+not-found`` page's file lies: beside the part of the site that it serves."""
    prefix = page.not_found or "/"
    return NotFound(prefix, page.source, f"{prefix.strip('/')}/404.html".lstrip("/"))


def header_rules_of(config: Config) -> tuple[HeaderRule, ...]:
    """Rules with headers, for files and for pages alike."""
    return tuple(HeaderRule(rule.path, rule.headers) for rule in config.rules if rule.headers)
