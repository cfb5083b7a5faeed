"""The render of one key that no visitor is asking for: what the edge regenerates after a purge."""

from __future__ import annotations

from collections.abc import Awaitable

from isrgen.caching.keys import parse_key
from isrgen.caching.stored import HeaderPairs
from isrgen.handlers.renderer import Renderer
from isrgen.http.answer import Answer
from isrgen.manifest import Route
from isrgen.routing.match import Matcher
from isrgen.routing.strategy import Strategy
from isrgen.routing.urls import BadPathError, split_raw, unquoted
from isrgen.server.visit import clean_request


class Regenerator:
    """Renders keys of one site, with requests that hold nothing else."""

    def __init__(self, matcher: Matcher[Route], renderer: Renderer, base_url: str) -> None:
        self._matcher = matcher
        self._renderer = renderer
        self._base_url = base_url

    def __call__(self, key: str, headers: HeaderPairs) -> Awaitable[Answer] | None:
        """The render, or None when no route has this key any more."""
        url, query = parse_key(key)
        try:
            segments = split_raw(url)
        except BadPathError:
            return None
        matched = self._matcher.match(segments)
        if matched is None or matched[0].strategy is Strategy.SSG:
            return None
        route, params = matched
        path = unquoted(segments, route.pattern.slash)
        request = clean_request(route, params, path, query, headers, self._base_url)
        return self._renderer.answer(route, request)
