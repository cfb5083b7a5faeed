"""An address of an on-demand route, as the cache knows it: the path and the listed parameters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from isrgen.caching.keys import cache_key
from isrgen.manifest import Manifest, Route
from isrgen.routing.match import Matcher
from isrgen.routing.strategy import Strategy
from isrgen.routing.urls import BadPathError, join, split_raw


@dataclass(frozen=True, slots=True)
class Target:
    """``path`` is canonical and percent-encoded; ``query`` holds listed parameters alone."""

    path: str
    route: Route
    query: tuple[tuple[str, str], ...] = ()

    @property
    def url(self) -> str:
        return cache_key(self.path, self.query, self.route.policy) or self.path

    def asked(self, more: Iterable[tuple[str, str]] = ()) -> str:
        """The query string, with such of these other parameters as the route does not list."""
        listed = self.route.policy.query
        return urlencode([*self.query, *(pair for pair in more if pair[0] not in listed)])


class Targets:
    """Finds the on-demand route of an address."""

    def __init__(self, manifest: Manifest) -> None:
        self._matcher = Matcher([(route.pattern, route) for route in manifest.routes])

    def find(self, url: str) -> Target | None:
        """The target of a URL path with its query; None where no on-demand route has it."""
        path, _, query = url.partition("#")[0].partition("?")
        try:
            segments = split_raw(path)
        except BadPathError:
            return None
        matched = self._matcher.match(segments)
        if matched is None or matched[0].strategy is Strategy.SSG or "/" in "".join(segments):
            return None
        route = matched[0]
        listed = [pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] in route.policy.query]
        return Target(
            join(segments, route.pattern.slash), route, tuple(sorted(listed, key=lambda pair: pair[0]))
        )


def filled(route: Route, params: dict[str, object]) -> Target:
    """The target that a route has with these parameters."""
    return Target(join(route.pattern.fill(params), route.pattern.slash), route)  # type: ignore[arg-type]


def can_be_read(route: Route) -> bool:
    """Whether it answers GET on demand."""
    if route.strategy is Strategy.API:
        return "GET" in route.methods
    return route.strategy is not Strategy.SSG
