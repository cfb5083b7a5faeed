"""Render what can be rendered now: static pages, not-found pages, and the seeds of ISR pages.

Pages without Python of their own are spread over processes; the others are
rendered here, one after the other, by the same renderer that the server uses.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from isrgen.build.jobs import spread
from isrgen.build.output import write_file
from isrgen.caching.privacy import Read
from isrgen.errors import IsrgenError, Problem
from isrgen.handlers.renderer import Renderer
from isrgen.http.answer import Answer
from isrgen.http.request import Request, reads_of
from isrgen.manifest import Manifest, NotFound, OutputFile, Pairs, Route, Seed
from isrgen.render.templates import Templates
from isrgen.routing.urls import file_of, join
from isrgen.site.snapshot import Snapshot

Params = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Task:
    """One page to render: its route and the parameters that make its URL."""

    route: Route
    params: Params = field(default_factory=dict)

    @property
    def segments(self) -> tuple[str, ...]:
        return self.route.pattern.fill(self.params)

    @property
    def url(self) -> str:
        return join(self.segments, self.route.pattern.slash)


@dataclass(frozen=True, slots=True)
class Rendered:
    """What one task came to: a file, or problems; ``warnings`` either way."""

    file: OutputFile | None = None
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


class Pages:
    """The renderer of one build. Use as a context manager."""

    def __init__(
        self,
        manifest: Manifest,
        snapshot: Snapshot,
        templates: Templates,
        root: Path,
        *,
        now: float,
    ) -> None:
        self._manifest = manifest
        self._make: Callable[[], Renderer] = lambda: Renderer(
            manifest, snapshot, templates, root, clock=lambda: now
        )
        self._renderer: Renderer | None = None
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._renderer is not None:
            self._renderer.close()
        self._runner.close()

    def static_params(self, route: Route) -> list[Params]:
        """What the page's ``static_params`` returned, checked; raises IsrgenError."""
        return self._runner.run(self._current().static_params(route))

    def write_static(self, folder: Path, tasks: Iterable[Task], jobs: int) -> list[Rendered]:
        """Render tasks to files below ``folder``: those without Python first, side by side."""
        todo = list(tasks)
        plain = [task for task in todo if task.route.module is None]
        coded = [task for task in todo if task.route.module is not None]
        results = spread(lambda task: self._write(folder, task), plain, jobs)
        return results + [self._write(folder, task) for task in coded]

    def not_found(self, folder: Path, page: NotFound) -> OutputFile:
        """Render a not-found page to its file; raises IsrgenError."""
        answer = self._runner.run(self._current().not_found(page.prefix, strictly=True))
        return write_file(
            folder,
            page.file,
            "/" + page.file,
            answer.body,
            media=_media(answer),
            status=404,
            route=page.page or None,
        )

    def seed(self, folder: Path, task: Task) -> Seed | None:
        """Render an ISR page ahead into ``folder``; None when its answer may not be kept."""
        request = self._request(task)
        answer = self._runner.run(self._current().run(task.route, request))
        if answer.shared is None or answer.shared.vary or answer.status != 200 or answer.stream is not None:
            return None
        name = f"seeds/{hashlib.sha256(task.url.encode()).hexdigest()[:24]}.body"
        (folder / "seeds").mkdir(exist_ok=True)
        (folder / name).write_bytes(answer.body)
        return Seed(
            path=task.url,
            route=task.route.source,
            file=name,
            status=answer.status,
            headers=answer.headers.pairs(),
            tags=answer.shared.tags,
            # Not what is left of it now: two builds of one tree give the same bytes.
            lifetime=answer.shared.asked or answer.shared.lifetime,
            until=answer.shared.until,
        )

    def _current(self) -> Renderer:
        if self._renderer is None:
            self._renderer = self._make()
        return self._renderer

    def _request(self, task: Task) -> Request:
        path = "/" + "/".join(task.segments)
        if task.route.pattern.slash and path != "/":
            path += "/"
        return Request("GET", path, params=task.params, base_url=self._manifest.base_url, url_query=())

    def _write(self, folder: Path, task: Task) -> Rendered:
        request = self._request(task)
        source = task.route.source
        try:
            answer = self._runner.run(self._current().run(task.route, request))
        except IsrgenError as error:
            return Rendered(problems=error.problems)
        if answer.status != 200:
            return Rendered(problems=(_bad_status(task, answer.status),))
        try:
            file = write_file(
                folder,
                file_of(task.segments, task.route.pattern.slash),
                task.url,
                answer.body,
                media=_media(answer),
                headers=_own_headers(task.route, answer),
                route=source,
            )
        except IsrgenError as error:
            return Rendered(problems=error.problems)
        return Rendered(file, warnings=tuple(_pointless(read, source) for read in reads_of(request)))


def _own_headers(route: Route, answer: Answer) -> Pairs:
    """The headers that rules and front matter gave; a file has no others."""
    names = {name.lower() for name, _ in route.headers}
    return tuple(pair for pair in answer.headers.pairs() if pair[0].lower() in names)


def _pointless(read: Read, source: str) -> Problem:
    name = f" {read.name!r}" if read.name else ""
    return Problem(
        f"A static page reads the {read.what.value}{name} of a request, and nobody asks while it is built.",
        "Give the page the suffix +ssr, or do not read it.",
        read.file or source,
        read.line or None,
    )


def _media(answer: Answer) -> str:
    return answer.headers.get("content-type", "text/html; charset=utf-8")


def _bad_status(task: Task, status: int) -> Problem:
    return Problem(
        f"The static page {task.url} answers {status}, and a file can only be a 200.",
        "Leave these parameters out of static_params, or give the page the suffix +ssr.",
        task.route.module or task.route.source,
    )
