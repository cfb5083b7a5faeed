"""From a site to its routes and to the names of its files: pure, so that it can be read and tested."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import unquote

from isrgen.config import Config
from isrgen.manifest import HeaderRule, NotFound, Pairs, Route
from isrgen.routing.globs import Glob
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


def file_of(segments: tuple[str, ...], slash: bool) -> str:
    """The file below ``static/`` that answers a page's URL.

    >>> file_of(("blog", "tea"), True), file_of(("about",), False), file_of(("feed.xml",), False)
    ('blog/tea/index.html', 'about.html', 'feed.xml')
    """
    if not segments:
        return "index.html"
    if not slash and "." in segments[-1][1:]:
        return "/".join(segments)
    return "/".join(segments) + ("/index.html" if slash else ".html")


def not_found_of(page: Page) -> NotFound:
    """Where a ``+not-found`` page's file lies: beside the part of the site that it serves."""
    prefix = page.not_found or "/"
    return NotFound(prefix, page.source, f"{prefix.strip('/')}/404.html".lstrip("/"))


class FileHeaders:
    """The headers of a file that no page made: those of the first rule with headers that matches its URL."""

    def __init__(self, rules: Iterable[HeaderRule]) -> None:
        self._rules = [(Glob.parse(rule.path), rule.headers) for rule in rules]

    def of(self, url: str) -> Pairs:
        return next((headers for glob, headers in self._rules if glob.matches(unquote(url))), ())


def header_rules_of(config: Config) -> tuple[HeaderRule, ...]:
    """Rules with headers, for files and for pages alike."""
    return tuple(HeaderRule(rule.path, rule.headers) for rule in config.rules if rule.headers)
