"""One build, from the site's files to ``dist/``.

Everything is written to a staging folder; only a build without problems takes
the place of the last one. Problems are collected as far as the work can go on,
and raised together.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from isrgen.build import cdn, plan, previews, server_bundle
from isrgen.build.content import Content, bodies_of, facts_of, render_content
from isrgen.build.output import check_out, staged, tree_digest
from isrgen.build.pages import Pages, Task
from isrgen.build.state import State
from isrgen.build.static import Static
from isrgen.config import Config
from isrgen.errors import IsrgenError, Problem
from isrgen.manifest import Manifest, Route, Seed
from isrgen.render.templates import Templates
from isrgen.routing.strategy import Strategy
from isrgen.site.load import survey
from isrgen.site.model import Site
from isrgen.site.page import Page


@dataclass(frozen=True, slots=True)
class BuildEvent:
    """A step of the build that has begun, in words for people."""

    step: str


@dataclass(frozen=True, slots=True)
class BuildResult:
    """What a build made: ``made`` counts files that are new or changed, ``reused`` those that are the same.

    ``next_build`` is when static pages will no longer show what they should.
    """

    manifest: Manifest
    made: int
    reused: int
    warnings: tuple[Problem, ...] = ()
    next_build: datetime | None = None


class _Problems:
    """Gathers problems from steps that do not need each other."""

    def __init__(self, found: Iterable[Problem] = ()) -> None:
        self.found = list(found)

    @contextmanager
    def gather(self) -> Iterator[None]:
        try:
            yield
        except IsrgenError as error:
            self.found.extend(error.problems)

    def check(self) -> None:
        if self.found:
            raise IsrgenError(self.found)


def build(
    config: Config,
    *,
    out: Path,
    drafts: bool = False,
    future: bool = False,
    jobs: int | None = None,
    clean: bool = False,
    strict: bool = False,
    now: datetime,
    known: Iterable[Problem] = (),
    report: Callable[[BuildEvent], None] = lambda event: None,
) -> BuildResult:
    """Build the site into ``out`` and swap it in; raises IsrgenError with every problem found.

    ``known`` are problems of the configuration, to be told together with the site's.
    """
    if strict:
        config = dataclasses.replace(config, strict=True)
    check_out(config.root, out)
    report(BuildEvent("Reading the site"))
    site, found = survey(config, drafts=drafts, future=future, now=now)
    problems = _Problems([*known, *found])
    known_files = _files_in(out)
    with (
        State(config.root / ".isrgen" / "build.sqlite", clean=clean) as state,
        staged(config.root, out) as folder,
    ):
        work = _Build(site, folder, now, jobs or os.cpu_count() or 1, drafts, future)
        report(BuildEvent("Rendering Markdown"))
        work.prepare(state, problems)
        report(BuildEvent("Rendering pages"))
        work.render(problems)
        problems.check()
        report(BuildEvent("Writing the server"))
        manifest = work.finish()
    reused = sum(known_files.get(file.path) == file.etag for file in manifest.files)
    warnings = tuple(work.static.warnings)
    due = _next_build(site, now, future=future)
    return BuildResult(manifest, len(manifest.files) - reused, reused, warnings, due)


class _Build:
    """The state of one build between its steps: ``prepare``, ``render``, ``finish``."""

    content: Content
    templates: Templates

    def __init__(
        self, site: Site, folder: Path, now: datetime, jobs: int, drafts: bool, future: bool
    ) -> None:
        self.site = site
        self.root = site.config.root
        self.folder = folder
        self.server = folder / "server"
        self.now = now
        self.jobs = jobs
        self.facts = facts_of(site, drafts=drafts, future=future)
        self.static = Static(site, folder / "static", jobs)
        self.server.mkdir()
        on_demand = (page for page in site.scheduled if page.strategy is not Strategy.SSG)
        self.pages: tuple[Page, ...] = (*site.pages, *on_demand)
        self.held = previews.held_of(site, now)
        self.manifest = self._manifest()

    def prepare(self, state: State, problems: _Problems) -> None:
        """Assets, templates and Markdown: what every page needs."""
        config = self.site.config
        pages = (*self.pages, *self.site.not_found)
        unread = frozenset(problem.file for problem in problems.found)
        assets: dict[str, str] = {}
        with problems.gather():
            assets = self.static.write_assets()
        folder = self.root / "templates"

        def templates(pages: Iterable[Page]) -> Templates:
            return Templates.from_sources(
                folder if folder.is_dir() else None,
                bodies_of(pages),
                strict=config.strict,
                assets=assets,
                base_url=config.base_url,
            )

        self.templates, self.held = previews.with_templates(pages, self.held, templates)
        problems.found.extend(self.templates.check())
        self.content = render_content(
            self.site,
            pages,
            self.templates,
            state,
            facts=self.facts,
            assets=assets,
            jobs=self.jobs,
            unread=unread,
            held=self.held,
        )
        problems.found.extend(self.content.problems)
        kept = previews.routes_of(self.held, self.content.snapshot)
        self.manifest = dataclasses.replace(self.manifest, previews=kept)

    def render(self, problems: _Problems) -> None:
        """Static pages, not-found pages, seeds, and the files that are copied.

        A page of which something is told already, and every page when that is a template or an
        asset, would only fail for the same reason once more.
        """
        told = frozenset(problem.file for problem in problems.found)
        if any(not file.startswith("content/") for file in told):
            return
        self.manifest = dataclasses.replace(
            self.manifest, routes=tuple(route for route in self.manifest.routes if not _is_told(route, told))
        )
        self.static.copy_files(self.manifest.header_rules)
        snapshot, now = self.content.snapshot, self.now.timestamp()
        with Pages(self.manifest, snapshot, self.templates, self.root, now=now) as pages:
            # Processes are forked for these, so they come before any of the site's own code.
            plain = (route for route in self._static_routes() if route.module is None)
            self.static.write_pages(pages, map(Task, plain))
            self._find_params(pages, problems)
            coded = (route for route in self._static_routes() if route.module is not None)
            self.static.write_pages(pages, (task for route in coded for task in _tasks(route)))
            self.static.write_not_found(pages, self.manifest.not_found)
            self.static.write_sitemap()
            with problems.gather():
                self._write_seeds(pages)
        problems.found.extend(self.static.problems)
        if self.site.config.strict:
            problems.found.extend(self.static.warnings)

    def finish(self) -> Manifest:
        """The server, then the manifest that describes it all."""
        config = self.site.config
        routes = (*self.manifest.routes, *self.manifest.previews)
        on_demand = [route for route in routes if route.strategy is not Strategy.SSG]
        server_bundle.write_runtime(self.server)
        server_bundle.write_site(self.server, self.root, on_demand, self.content.snapshot, self.templates)
        server_bundle.write_included(self.server, self.root, config.file, config.include)
        requirements = server_bundle.write_requirements(self.server, self.root)
        self.manifest = dataclasses.replace(
            self.manifest, files=self.static.files.sorted(), requirements=requirements
        )
        self.manifest = dataclasses.replace(self.manifest, build=tree_digest(self.folder)[:16])
        text = self.manifest.to_json()
        (self.folder / "manifest.json").write_text(text, encoding="utf-8")
        (self.server / "manifest.json").write_text(text, encoding="utf-8")
        (self.folder / "cdn.json").write_text(cdn.cdn_json(self.manifest), encoding="utf-8")
        return self.manifest

    def _manifest(self) -> Manifest:
        config = self.site.config
        return Manifest(
            build="",
            base_url=config.base_url,
            trailing_slash=config.trailing_slash,
            routes=plan.routes_of(self.pages),
            redirects=self.site.redirects,
            header_rules=plan.header_rules_of(config),
            not_found=tuple(map(plan.not_found_of, self.site.not_found)),
            not_found_ttl=config.not_found_ttl,
            render_timeout=config.render_timeout,
            strict=config.strict,
            trusted_proxies=config.trusted_proxies,
        )

    def _static_routes(self) -> list[Route]:
        return [route for route in self.manifest.routes if route.strategy is Strategy.SSG]

    def _find_params(self, pages: Pages, problems: _Problems) -> None:
        """Ask every ``static_params``, and keep the answers in the manifest."""
        asked = {page.source for page in self.pages if page.has_static_params}
        found: dict[str, tuple[dict[str, Any], ...]] = {}
        for route in self.manifest.routes:
            if route.source in asked:
                with problems.gather():
                    found[route.source] = tuple(pages.static_params(route))
        self.manifest = dataclasses.replace(
            self.manifest,
            routes=tuple(
                dataclasses.replace(route, static_params=found.get(route.source, ()))
                for route in self.manifest.routes
            ),
        )

    def _write_seeds(self, pages: Pages) -> None:
        """ISR pages to have ready. A page that cannot be rendered ahead is rendered at its first visit."""
        seeds: list[Seed] = []
        for route in self.manifest.routes:
            if route.strategy is Strategy.ISR and route.static_params:
                made = (pages.seed(self.server, task) for task in _tasks(route))
                seeds += [seed for seed in made if seed is not None]
        self.manifest = dataclasses.replace(self.manifest, seeds=tuple(seeds))


def _is_told(route: Route, told: frozenset[str]) -> bool:
    """Whether one of a route's files has a problem; a module that cannot be read is not in the route."""
    module = f"{route.source.rpartition('.')[0]}.py"
    return not told.isdisjoint((route.source, route.module or "", module))


def _tasks(route: Route) -> list[Task]:
    """One task for each page of a route; a URL that is asked for twice is made once."""
    if not route.pattern.params:
        return [Task(route)]
    tasks = {task.url: task for task in (Task(route, dict(params)) for params in route.static_params)}
    return list(tasks.values())


def _files_in(out: Path) -> dict[str, str]:
    """The last build's files and their validators; nothing where there is none."""
    try:
        manifest = Manifest.from_json((out / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, IsrgenError):
        return {}
    return {file.path: file.etag for file in manifest.files}


def _next_build(site: Site, now: datetime, *, future: bool) -> datetime | None:
    """When a page next appears or goes, for static pages may list it; with ``future`` when one goes."""
    pages = (*site.pages, *site.scheduled)
    if not any(page.strategy is Strategy.SSG for page in pages):
        return None
    moments = [page.meta.expires_at for page in pages]
    if not future:
        moments += [page.meta.since for page in pages]
    return min((moment for moment in moments if moment is not None and moment > now), default=None)
