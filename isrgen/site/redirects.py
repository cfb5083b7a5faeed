"""Old paths that lead to new ones: from the configuration, ``aliases``, and ``redirect:``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from isrgen.config import Config
from isrgen.errors import Problem
from isrgen.manifest import Redirect
from isrgen.routing.pattern import Pattern
from isrgen.site.page import Page

_HINT: Final = "Write a path from the root of the site: /old/."


@dataclass(frozen=True, slots=True)
class Placed:
    """A redirect and the place that asks for it."""

    redirect: Redirect
    source: str
    line: int | None = None

    def problem(self, message: str, hint: str) -> Problem:
        return Problem(message, hint, self.source, self.line)


def gather(
    config: Config,
    pages: Iterable[Page],
    moved: Iterable[Page],
    lines: Mapping[str, int | None],
    problems: list[Problem],
) -> list[Placed]:
    """Every redirect of a site; circles are problems."""
    found = [Placed(Redirect(r.source, r.to, r.status), config.file, r.line) for r in config.redirects]
    for page in moved:
        redirect = Redirect(page.pattern, page.meta.redirect or "/")
        found.append(Placed(redirect, page.source, lines.get(page.source)))
    for page in pages:
        found += _aliases(page, lines.get(page.source), problems)
    _refuse_circles(found, problems)
    return found


def _aliases(page: Page, line: int | None, problems: list[Problem]) -> Iterator[Placed]:
    for alias in page.meta.aliases:
        try:
            source = Pattern.parse("/" + alias.lstrip("/"))
        except ValueError as error:
            problems.append(Problem(f'`aliases` holds "{alias}": {error}.', _HINT, page.source, line))
            continue
        if set(source.params) != set(page.pattern.params):
            message = f'`aliases` holds "{alias}", whose parameters are not those of {page.pattern}.'
            problems.append(Problem(message, "Give both the same [names].", page.source, line))
            continue
        yield Placed(Redirect(source, page.url or page.pattern.written), page.source, line)


def _refuse_circles(found: list[Placed], problems: list[Problem]) -> None:
    """Follow fixed redirects; one that comes back to where it began never ends."""
    fixed = [placed for placed in found if placed.redirect.source.is_static]
    next_of = {_plain(str(placed.redirect.source)): _plain(placed.redirect.to) for placed in fixed}
    for placed in fixed:
        start = _plain(str(placed.redirect.source))
        seen, here = {start}, next_of.get(start)
        while here is not None and here not in seen:
            seen.add(here)
            here = next_of.get(here)
        if here == start:
            message = f"The redirect from {placed.redirect.source} leads back to itself."
            problems.append(placed.problem(message, "Point it at a page."))


def _plain(path: str) -> str:
    return path.partition("?")[0].partition("#")[0].rstrip("/") or "/"
