"""``_middleware.py``: what it must define, and which pages it cannot guard."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from isrgen.config.table import shown
from isrgen.errors import IsrgenError, Problem
from isrgen.routing.strategy import Strategy
from isrgen.site.module import Module, read_module
from isrgen.site.page import Page
from isrgen.site.reading import read_text

UNGUARDED = "unguarded"
_SHOWN = 10


def check_middleware(
    root: Path, sources: Iterable[str], pages: Iterable[Page], problems: list[Problem]
) -> None:
    """Judge each middleware by its text, then the static pages below it."""
    unaware = {source: module for source in sources if (module := _read(root, source, problems))}
    below: dict[str, list[Page]] = {source: [] for source in unaware}
    for page in pages:
        if page.strategy is Strategy.SSG:
            for source in _around(page.source, unaware):
                below[source].append(page)
    problems.extend(_static_pages(source, found) for source, found in below.items() if found)


def _read(root: Path, source: str, problems: list[Problem]) -> Module | None:
    """The module if it is sound and does not know of static pages below it."""
    try:
        module = read_module(read_text(root, source), source)
    except IsrgenError as error:
        problems.extend(error.problems)
        return None
    if "middleware" not in module.names:
        hint = "Define middleware(request, next), and return what next(request) gives."
        problems.append(Problem("There is no function `middleware` in it.", hint, source))
    defined, asked = module.asks.get("middleware", (0, ("request", "next")))
    if len(asked) != 2:
        message = f"`middleware` is called with two arguments, and takes {len(asked)}."
        problems.append(Problem(message, "Write it as middleware(request, next).", source, defined))
    says = module.literals.data.get("static_pages")
    if says not in (None, UNGUARDED) or "static_pages" in module.computed:
        line = module.computed.get("static_pages") or module.literals.line_of(("static_pages",))
        message = f"`static_pages` is {shown(says)}, which means nothing here."
        problems.append(Problem(message, f'Write static_pages = "{UNGUARDED}", or remove it.', source, line))
    return None if says == UNGUARDED else module


def _around(source: str, middleware: Mapping[str, Module]) -> Iterable[str]:
    folder = source
    while "/" in folder:
        folder = folder.rpartition("/")[0]
        if f"{folder}/_middleware.py" in middleware:
            yield f"{folder}/_middleware.py"


def _static_pages(source: str, pages: list[Page]) -> Problem:
    names = [page.source for page in pages[:_SHOWN]]
    more = f" and {len(pages) - _SHOWN} more" if len(pages) > _SHOWN else ""
    return Problem(
        f"This middleware cannot guard pages that are sent as files: {', '.join(names)}{more}.",
        f'Name them +ssr, move them, or say that they are public: static_pages = "{UNGUARDED}".',
        source,
    )
