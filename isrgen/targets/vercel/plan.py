"""Which output of the deployment answers which route, and under what name.

A route whose lifetime is declared becomes a prerender function: Vercel keeps
one copy per path and declared query, collapses concurrent renders, and serves
stale while it renders again. Two kinds of route cannot be one:

* one with ``vary``: the key of a prerender holds no request header, so the
  plain function answers with ``Vercel-CDN-Cache-Control`` and ``Vary``;
* every route under ``mode = "headers"``.

A page that reads ``Accept`` or ``Accept-Language`` and does not list them under
``vary`` cannot be told from others before it runs, and is a prerender: its
clean request has neither, so that everybody gets the default variant.

The cache in front of plain functions cannot be told to pass a request that
carries a cookie. A route that lists ``bypass-cookies`` and is no prerender is
therefore never shared there: ``adapter`` answers it ``private, no-store``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from isrgen.manifest import Manifest, Route, Seed
from isrgen.routing.pattern import Kind
from isrgen.routing.strategy import Strategy
from isrgen.routing.urls import split_raw

SERVER: Final = "__server"
PRERENDER: Final = "_isr"

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_-]+")
_VALUE: Final = re.compile(r"[A-Za-z0-9_-]{1,80}")
_LONGEST: Final = 80


@dataclass(frozen=True, slots=True)
class Planned:
    """An on-demand route; ``function`` is its prerender's path below ``functions/``, or empty.

    ``ahead`` are the pages rendered ahead, by the path of the prerender that
    each is the fallback of: the route's own where it has one path, one below
    it for each value of its parameter.
    """

    route: Route
    function: str = ""
    ahead: tuple[tuple[str, Seed], ...] = ()

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
            function = _function(route, taken)
            # Nothing there ends at a moment: one that changes by itself is rendered at its first visit.
            ahead = (seed for seed in manifest.seeds if seed.route == route.source and seed.until is None)
            seeds = [seed for seed in ahead if seed.status == 200]
            found.append(Planned(route, function, _ahead(route, function, seeds)))
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

    >>> from isrgen.routing.pattern import Pattern
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


def _ahead(route: Route, function: str, seeds: list[Seed]) -> tuple[tuple[str, Seed], ...]:
    """A prerender for each page rendered ahead.

    A fallback is sent for every key of its prerender, so each needs one that
    answers one path; a declared query makes more keys than that. Routes with
    several parameters, and values that no file name can hold, are rendered at
    their first visit.
    """
    kinds = [segment.kind for segment in route.pattern.segments]
    if route.policy.query or not seeds:
        return ()
    if route.pattern.is_static:
        return ((function, seeds[0]),)
    if kinds.count(Kind.PARAM) != 1 or Kind.REST in kinds:
        return ()
    found: dict[str, tuple[str, Seed]] = {}
    for seed in seeds:
        value = split_raw(seed.path)[kinds.index(Kind.PARAM)]
        if _VALUE.fullmatch(value):
            found.setdefault(value.casefold(), (f"{function}/{value}", seed))
    return tuple(found.values())
