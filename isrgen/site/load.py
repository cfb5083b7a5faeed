"""Load a site: read every file once, and report every mistake at once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from isrgen.config import Config
from isrgen.config import read as read_config
from isrgen.errors import IsrgenError, Problem
from isrgen.routing.priority import sort_key
from isrgen.site.conflicts import find_conflicts
from isrgen.site.copies import STATIC, copies_of
from isrgen.site.data import FOLDER as DATA
from isrgen.site.data import read_data
from isrgen.site.middleware import check_middleware
from isrgen.site.model import Site
from isrgen.site.module import read_module
from isrgen.site.page import FrontMatter, Page
from isrgen.site.pages import PageReader
from isrgen.site.reading import read_text
from isrgen.site.redirects import gather
from isrgen.site.source import CONTENT, Scanner

TEMPLATES = "templates"
ASSETS = "assets"

__all__ = ["Site", "load", "open_site", "survey"]


def open_site(root: Path, *, drafts: bool = False, future: bool = False, now: datetime) -> Site:
    """Read configuration and site; raises IsrgenError with the problems of both."""
    config, problems = read_config(root)
    site, more = survey(config, drafts=drafts, future=future, now=now)
    if problems or more:
        raise IsrgenError([*problems, *more])
    return site


def load(config: Config, *, drafts: bool = False, future: bool = False, now: datetime) -> Site:
    """The site of a configuration; raises IsrgenError with every problem of it."""
    site, problems = survey(config, drafts=drafts, future=future, now=now)
    if problems:
        raise IsrgenError(problems)
    return site


def survey(
    config: Config, *, drafts: bool = False, future: bool = False, now: datetime
) -> tuple[Site, tuple[Problem, ...]]:
    """The site as far as it can be read, and what is wrong with it.

    ``drafts`` takes drafts in; ``future`` takes in what is not out at ``now``.
    """
    if not (config.root / CONTENT).is_dir():
        hint = "Write content/index.md, start with `isrgen new DIR`, or name the site with --site DIR."
        return Site(config), (Problem("There is no folder content/ here.", hint),)
    problems: list[Problem] = []
    scanner = Scanner(config.root, problems)
    tree = scanner.content()
    templates = _templates(config.root, scanner, problems)
    reader = PageReader(config, templates, problems)
    read = [page for group in tree.groups for page in reader.read(group)]
    pages, not_found, moved, held, scheduled = _sorted_out(read, drafts, future, now)
    out = [*pages, *scheduled]
    files = tuple(copies_of(scanner.files(STATIC), tree.others, out, problems))
    redirects = gather(config, out, moved, reader.alias_lines, problems)
    problems.extend(find_conflicts(out, not_found, files, redirects))
    check_middleware(config.root, tree.middleware, out, problems)
    _check_python(config.root, tree.python, read, tree.middleware, problems)
    site = Site(
        config=config,
        pages=pages,
        not_found=not_found,
        files=files,
        assets=tuple(path.partition("/")[2] for path in scanner.files(ASSETS)),
        data=read_data(config.root, scanner.files(DATA), problems),
        templates=templates,
        scheduled=scheduled,
        drafts=held,
        moved=moved,
        redirects=tuple(placed.redirect for placed in redirects),
        python=tuple(sorted(tree.python)),
    )
    return site, tuple(sorted(set(problems), key=Problem.sort_key))


def _sorted_out(
    read: Iterable[Page], drafts: bool, future: bool, now: datetime
) -> tuple[tuple[Page, ...], ...]:
    """Pages, not-found pages, moved pages, drafts and scheduled pages, each in match order."""
    sorts: tuple[list[Page], ...] = ([], [], [], [], [])
    for page in sorted(read, key=lambda page: (sort_key(page.pattern), page.source)):
        if page.not_found is not None:
            sorts[1].append(page)
        elif page.meta.draft and not drafts:
            sorts[3].append(page)
        elif page.meta.redirect is not None:
            sorts[2].append(page)
        elif not is_out(page.meta, now, future=future):
            sorts[4].append(page)
        else:
            sorts[0].append(page)
    return tuple(map(tuple, sorts))


def is_out(meta: FrontMatter, now: datetime, *, future: bool = False) -> bool:
    """Whether a page is published at ``now``: from ``publish_at``, else ``date``, until ``expires_at``.

    ``future`` takes in what is not out yet; what has expired stays away.
    """
    begun = future or meta.since is None or meta.since <= now
    return begun and (meta.expires_at is None or now < meta.expires_at)


def _templates(root: Path, scanner: Scanner, problems: list[Problem]) -> tuple[str, ...]:
    sources = scanner.files(TEMPLATES)
    for source in sources:
        try:
            read_text(root, source)
        except IsrgenError as error:
            problems.extend(error.problems)
    return tuple(source.partition("/")[2] for source in sources)


def _check_python(
    root: Path, sources: list[str], pages: list[Page], middleware: list[str], problems: list[Problem]
) -> None:
    """Syntax errors of modules that pages share; those of pages and middleware are known by now."""
    known = {page.module for page in pages} | set(middleware) | {problem.file for problem in problems}
    for source in sources:
        if source not in known:
            try:
                read_module(read_text(root, source), source)
            except IsrgenError as error:
                problems.extend(error.problems)
