"""Which output of the deployment answers which route, and under what name.

A route whose lifetime is declared becomes a prerender function: Vercel keeps
one copy per path and declared query, collapses concurrent renders, and serves
stale while it renders again. Two kinds of route cannot be one:

* one with ``vary``: the key of a prerender holds no request header, so the
  plain function answers with ``Vercel-CDN-Cache-Control`` and ``Vary``;
* every route under ``mode = "headers"``.

The cache in front of plain functions cannot be told to pass a request that
carries a cookie. A route that lists ``bypass-cookies`` and is no prerender is
therefore never shared there: ``adapter`` answers it ``private, no-store``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from isrgen.manifest import Manifest, Route, Seed
from isrgen.routing.pattern import Kind, Pattern
from isrgen.routing.strategy import Strategy

SERVER: Final = "__server"
PRERENDER: Final = "_isr"

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_-]+")
_LONGEST: Final = 80


@dataclass(frozen=True, slots=True)
class Planned:
    """An on-demand route; ``function`` is its prerender's path below ``functions/``, or empty."""

    route: Route
    function: str = ""
    seed: Seed | None = None

    @property
    def private(self) -> bool:
        """May no shared cache on the way keep it, whatever its headers say?"""
        return not self.function and bool(self.route.policy.bypass_cookies)


def plan(manifest: Manifest, mode: str) -> tuple[Planned, ...]:
    """Every route that is rendered on demand, in match order."""
    taken: set[str] = set()
    found = []
    for route in manifest.routes:
        if route.strategy is Strategy.SSG:
            continue
        if mode == "prerender" and is_prerender(route):
            found.append(Planned(route, _function(route, taken), _fallback(route, manifest.seeds)))
        else:
            found.append(Planned(route))
    return tuple(found)


def is_prerender(route: Route) -> bool:
    """Has it a declared lifetime, and a key that a prerender function can have?"""
    if route.policy.lifetime is None or route.policy.vary or route.policy.lifetime.fresh < 1:
        return False
    if route.strategy is Strategy.API:
        return "GET" in route.methods
    return route.strategy is Strategy.ISR


def _function(route: Route, taken: set[str]) -> str:
    """A name that any file system can hold: no dots, and unique where case does not count.

    >>> _function(Route(Pattern.parse("/blog/[slug]/"), Strategy.ISR, "", ""), set())
    '_isr/blog__slug'
    """
    parts = [_UNSAFE.sub("-", segment.value) for segment in route.pattern.segments]
    stem = "__".join(parts)[:_LONGEST] or "index"
    name, number = stem, 1
    while name.casefold() in taken:
        number += 1
        name = f"{stem}-{number}"
    taken.add(name.casefold())
    return f"{PRERENDER}/{name}"


def _fallback(route: Route, seeds: tuple[Seed, ...]) -> Seed | None:
    """The page rendered ahead, where the route has one path and one key.

    A fallback is sent for every key of its function, so a route with
    parameters or a declared query must not have one.
    """
    if not route.pattern.is_static or route.policy.query:
        return None
    return next((seed for seed in seeds if seed.route == route.source and seed.status == 200), None)


def written(pattern: Pattern) -> str:
    """The pattern as people write it: ``/blog/[slug]``."""
    words = []
    for segment in pattern.segments:
        match segment.kind:
            case Kind.STATIC:
                words.append(segment.value)
            case Kind.PARAM:
                words.append(f"[{segment.value}]")
            case Kind.REST:
                words.append(f"[...{segment.value}]")
    return "/" + "/".join(words)
