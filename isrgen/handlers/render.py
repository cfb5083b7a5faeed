"""One render under way: middleware around a page or an API function, from a request to a ``Response``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from isrgen.caching.privacy import Read
from isrgen.errors import IsrgenError, Problem
from isrgen.handlers.api import answer_method
from isrgen.handlers.calls import function_of
from isrgen.handlers.fallback import error_page
from isrgen.handlers.loader import load, module_of
from isrgen.handlers.middleware import Around, Layer
from isrgen.handlers.modules import Modules
from isrgen.handlers.pool import Call, Pool, Work
from isrgen.handlers.shaping import own, settle
from isrgen.http.context import RenderContext, enter
from isrgen.http.offered import API, LOADER
from isrgen.http.request import Request, reads_of, recorder_of, seal
from isrgen.http.response import NotFoundResponse, Response
from isrgen.manifest import Manifest, NotFound, Route
from isrgen.render.inputs import Inputs
from isrgen.render.page import render_page, with_loaded
from isrgen.render.templates import Templates
from isrgen.routing.strategy import Strategy
from isrgen.routing.urls import SAFE
from isrgen.site.entry import Entry
from isrgen.site.snapshot import Snapshot
from isrgen.site.view import PageView, SiteView


@dataclass(frozen=True, slots=True)
class Parts:
    """What every render of one site shares."""

    root: Path
    manifest: Manifest
    snapshot: Snapshot
    templates: Templates
    modules: Modules
    pool: Pool
    layers: dict[tuple[str, ...], tuple[Layer, ...]] = field(default_factory=dict)


class Render:
    """One render: ``work`` makes the response, the rest is what it left behind.

    ``others`` are requests that middleware made and passed on in place of the
    visitor's own. ``route`` is None for a path that no route matches. ``until`` is the
    monotonic time of the deadline.
    """

    def __init__(self, parts: Parts, route: Route | None, request: Request, now: float, until: float) -> None:
        self._parts = parts
        self._route = route
        self.now = now
        self.until = until
        self.request = request
        self.others: list[Request] = []
        self._current = request
        is_api = route is not None and route.strategy is Strategy.API
        self.context = RenderContext(may_revalidate=is_api, recorder=recorder_of(request))
        self.site = SiteView(parts.snapshot, now, drafts=request.draft, future=request.draft)
        self._inputs = Inputs(self.site)

    @property
    def reads(self) -> tuple[Read, ...]:
        """Everything that was read, of the visitor's request and of what middleware put in its place."""
        return tuple(read for request in (self.request, *self.others) for read in reads_of(request))

    @property
    def inputs(self) -> tuple[str, ...]:
        """The tags of what was read of the site."""
        return self._inputs.tags

    def seal(self) -> None:
        """From now on, reading the request is an error: its response is everybody's."""
        for request in (self.request, *self.others):
            seal(request)

    def work(self) -> Work[Response]:
        """The response, whole, but for header rules and the judgment."""
        enter(self.context)
        if self._route is None:
            return (yield from self._not_found(NotFoundResponse()))
        layers = yield from self._layers(self._route.middleware)
        around = Around(self._parts.pool, self.context, self.until)
        route = self._route

        def innermost(request: Request) -> Work[Response]:
            return self._innermost(route, request)

        response = yield from around.run(layers, self.request, innermost)
        if isinstance(response, NotFoundResponse):
            return (yield from self._not_found(response))
        return response

    def not_found(self, message: str) -> Work[Response]:
        """The nearest not-found page for the request's path."""
        enter(self.context)
        return (yield from self._not_found(NotFoundResponse(message)))

    def _layers(self, sources: tuple[str, ...]) -> Work[tuple[Layer, ...]]:
        if sources not in self._parts.layers:
            found = []
            for source in sources:
                module = yield from module_of(self._parts.modules, source)
                function = function_of(module, "middleware", source)
                if function is None:
                    raise IsrgenError(
                        Problem(
                            "This file defines no `middleware`.",
                            "Write `async def middleware(request, next)`, or rename the file.",
                            file=source,
                        )
                    )
                found.append(Layer(function, source))
            self._parts.layers[sources] = tuple(found)
        return self._parts.layers[sources]

    def _innermost(self, route: Route, request: Request) -> Work[Response]:
        """The page or API function itself.

        What it asked for counts only when it comes to an answer: a raised
        Response drops the headers set so far, any other exception its own.
        """
        self._current = request
        if request is not self.request:
            self.others.append(request)
        mark = len(self.context.headers)
        try:
            if route.strategy is Strategy.API:
                response, rendered = (yield from self._api(route)), False
            else:
                response, rendered = yield from self._page(route)
        except Response as raised:
            self.context.headers.clear()
            response = own(raised)
        except BaseException:
            del self.context.headers[mark:]
            raise
        else:
            response = settle(self.context, response if rendered else own(response), rendered=rendered)
        if isinstance(response, NotFoundResponse):
            return (yield from self._not_found(response))
        return response

    def _api(self, route: Route) -> Work[Response]:
        if not _is_known(route, self._current):
            raise NotFoundResponse()
        source = route.module or route.source
        module = yield from module_of(self._parts.modules, source)
        return (yield from answer_method(module, self._current.method, self._offered(API), source))

    def _page(self, route: Route) -> Work[tuple[Response, bool]]:
        """The response, and whether a template made it."""
        entry = self._entry(route.page or route.source)
        page = self.site.current(entry.source)
        if not self.site.shows(entry) or not _is_known(route, self._current):
            raise NotFoundResponse()
        names: dict[str, Any] = {}
        if route.module is not None:
            module = yield from module_of(self._parts.modules, route.module)
            loader = function_of(module, "loader", route.module)
            if loader is not None:
                loaded = yield from load(loader, self._offered(LOADER), route.module)
                if isinstance(loaded, Response):
                    return loaded, False
                names = loaded
        if entry.template is None and entry.content is None and entry.layout is None:
            raise _nothing_to_render(route)
        html = yield Call(self._html, (entry, page, names, route.module or entry.source))
        return Response(html), True

    def _not_found(self, response: NotFoundResponse) -> Work[Response]:
        """The nearest ``+not-found`` page around this path, with the message; else a plain page."""
        nearest = nearest_not_found(self._parts.manifest.not_found, self.request.path)
        if nearest is None:
            html = error_page(404, response.message)
        else:
            entry = self._entry(nearest.page)
            page = self.site.current(entry.source)
            names = {"message": response.message}
            html = yield Call(self._html, (entry, page, names, entry.source))
        found = Response(html, 404)
        for name, value in response.headers.pairs():
            if name.lower() != "content-type":
                found.headers.append(name, value)
        return found

    def _html(self, entry: Entry, page: PageView, names: dict[str, Any], source: str) -> str:
        variables = {
            "page": page,
            "site": self.site,
            "data": self.site.data,
            "params": self._current.params,
            "request": self._current,
        }
        return render_page(entry, with_loaded(variables, names, source), self._parts.templates, self._inputs)

    def _offered(self, names: tuple[str, ...]) -> dict[str, Callable[[], Any]]:
        everything: dict[str, Callable[[], Any]] = {
            "params": lambda: self._current.params,
            "request": lambda: self._current,
            "site": lambda: self.site,
        }
        return {name: everything[name] for name in names}

    def _entry(self, source: str) -> Entry:
        entry = self._parts.snapshot.entries.get(source)
        if entry is None:
            raise IsrgenError(
                f"The content snapshot has no page {source}.", "Build the site again with `isrgen build`."
            )
        return entry


def nearest_not_found(pages: tuple[NotFound, ...], path: str) -> NotFound | None:
    """The not-found page with the longest prefix of ``path``, which is decoded.

    >>> pages = (NotFound("/", "a", "404.html"), NotFound("/docs/", "b", "docs/404.html"))
    >>> nearest_not_found(pages, "/docs/x/").page, nearest_not_found(pages, "/docsy/").page
    ('b', 'a')
    """
    quoted = quote(path, safe=f"/{SAFE}").rstrip("/") + "/"
    around = [page for page in pages if quoted.startswith(page.prefix.rstrip("/") + "/")]
    return max(around, key=lambda page: len(page.prefix), default=None)


def _nothing_to_render(route: Route) -> IsrgenError:
    return IsrgenError(
        Problem(
            "This page has no body and names no template, and its loader returned no Response.",
            'Write `template = "post.html"` at the top of the module, or return a Response.',
            file=route.module or route.source,
        )
    )


def _is_known(route: Route, request: Request) -> bool:
    return route.dynamic_params or not route.pattern.params or request.params in route.static_params
