"""What the server keeps for draft visitors alone: drafts, and static pages that are not out yet.

They are in the snapshot and have routes of their own, ``Manifest.previews``;
nothing of them is in ``static/``. A draft may be half-written: one that cannot
be made is left out, and `isrgen build --drafts` says why.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from datetime import datetime

from isrgen.build import plan
from isrgen.manifest import Route
from isrgen.render.templates import Templates
from isrgen.routing.strategy import Strategy
from isrgen.site.model import Site
from isrgen.site.page import Kind, Page
from isrgen.site.snapshot import Snapshot


def held_of(site: Site, now: datetime) -> tuple[Page, ...]:
    """The pages that only a draft visitor sees; what has expired, and what only redirects, nobody does."""
    waiting = (page for page in site.scheduled if page.strategy is Strategy.SSG)
    return tuple(
        page
        for page in (*site.drafts, *waiting)
        if page.kind is not Kind.API
        and page.meta.redirect is None
        and (page.meta.expires_at is None or page.meta.expires_at > now)
    )


def with_templates(
    pages: Iterable[Page], held: tuple[Page, ...], make: Callable[[Iterable[Page]], Templates]
) -> tuple[Templates, tuple[Page, ...]]:
    """The site's templates, and those of ``held`` whose own bodies are fit to be among them."""
    pages = tuple(pages)
    made = make((*pages, *held))
    wrong = {problem.file for problem in made.check()}
    fit = tuple(page for page in held if page.source not in wrong)
    return (made, held) if len(fit) == len(held) else (make((*pages, *fit)), fit)


def routes_of(held: Iterable[Page], snapshot: Snapshot) -> tuple[Route, ...]:
    """Their routes in the order of match: each is rendered whenever it is asked for."""
    made = (
        page
        for page in held
        if page.kind is not Kind.MARKDOWN or snapshot.entries[page.source].content is not None
    )
    return tuple(
        dataclasses.replace(route, strategy=Strategy.SSR, dynamic_params=True)
        for route in plan.routes_of(made)
    )
