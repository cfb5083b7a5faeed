"""Old paths that lead to new ones: from the configuration, ``aliases``, and ``redirect:``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from isrgen.config import Config
from isrgen.errors import Problem
from isrgen.manifest import Redirect
from isrgen.routing.pattern import Kind, Pattern
from isrgen.site.page import Page

_HINT = "Write a path from the root of the site: /old/."


@dataclass(frozen=True, slots=True)
class Placed:
    """A redirect and the file that asks for it."""

    redirect: Redirect
    source: str


def gather(
    config: Config, pages: Iterable[Page], moved: Iterable[Page], problems: list[Problem]
) -> list[Placed]:
    """Every redirect of a site; circles are problems."""
    found = [Placed(Redirect(r.source, r.to, r.status), config.file) for r in config.redirects]
    found += [Placed(Redirect(page.pattern, page.meta.redirect or "/"), page.source) for page in moved]
    for page in pages:
        found += _aliases(page, problems)
    _refuse_circles(found, problems)
    return found


def written(pattern: Pattern) -> str:
    """A pattern as people write it, the form that redirects are filled in.

    >>> written(Pattern.parse("/blog/{slug}/"))
    '/blog/[slug]/'
    """
    forms = {Kind.STATIC: "{}", Kind.PARAM: "[{}]", Kind.REST: "[...{}]"}
    parts = [forms[segment.kind].format(segment.value) for segment in pattern.segments]
    path = "/" + "/".join(parts)
    return path + "/" if pattern.slash and parts else path


def _aliases(page: Page, problems: list[Problem]) -> Iterator[Placed]:
    for alias in page.meta.aliases:
        try:
            source = Pattern.parse(alias)
        except ValueError as error:
            problems.append(Problem(f'`aliases` holds "{alias}": {error}.', _HINT, page.source))
            continue
        if set(source.params) != set(page.pattern.params):
            message = f'`aliases` holds "{alias}", which has not the parameters of {page.pattern}.'
            problems.append(Problem(message, "Give both the same [names].", page.source))
            continue
        yield Placed(Redirect(source, page.url or written(page.pattern)), page.source)


def _refuse_circles(found: list[Placed], problems: list[Problem]) -> None:
    """Follow fixed redirects; one that comes back to where it began never ends."""
    next_of = {
        _plain(str(p.redirect.source)): _plain(p.redirect.to) for p in found if p.redirect.source.is_static
    }
    for placed in found:
        start = _plain(str(placed.redirect.source))
        seen, here = {start}, next_of.get(start)
        while here is not None and here not in seen:
            seen.add(here)
            here = next_of.get(here)
        if here == start:
            message = f"The redirect from {placed.redirect.source} leads back to itself."
            problems.append(Problem(message, "Point it at a page.", placed.source))


def _plain(path: str) -> str:
    return path.partition("?")[0].partition("#")[0].rstrip("/") or "/"
