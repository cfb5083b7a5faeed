"""What a draft visitor gets where others get a file, another page, or a 404.

Drafts and static pages that are not out yet have routes of their own in the
manifest. A static page without Python of its own is rendered anew as well, for
what it lists may be a draft; one with Python stays the file that was built.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from isrgen.manifest import Manifest, Route
from isrgen.routing.match import Matcher
from isrgen.routing.strategy import Strategy

Match = tuple[Route, dict[str, str | list[str]]]


class Previews:
    """The routes of draft visitors. All are matched, so that the order of match stays what it is."""

    def __init__(self, manifest: Manifest) -> None:
        shown = [(route, True) for route in manifest.previews]
        shown += [_rendered(route) for route in manifest.routes]
        self._matcher = Matcher([(route.pattern, (route, own)) for route, own in shown])

    def find(self, segments: Sequence[str]) -> Match | None:
        """The route to render for a draft visitor; None where they get what everybody gets."""
        matched = self._matcher.match(segments)
        if matched is None:
            return None
        (route, own), params = matched
        return (route, params) if own else None


def _rendered(route: Route) -> tuple[Route, bool]:
    """A static page as one that is rendered at each request, and whether the server can do that."""
    if route.strategy is not Strategy.SSG or route.module is not None or route.pattern.params:
        return route, False
    return replace(route, strategy=Strategy.SSR), True
