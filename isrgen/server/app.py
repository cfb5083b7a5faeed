"""The server of one built site, knowing no protocol: a request in, a response out.

It is told everything by ``dist/server``'s manifest. The order in which a path
is tried is that of ``App._answer``; what a cache should do is asked of the
edge, and who may share a page of the handlers.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any, Final

from isrgen.caching.status import CacheStatus, Fwd
from isrgen.edge.counters import Counters
from isrgen.edge.driver import Edge
from isrgen.edge.exchange import Served
from isrgen.errors import IsrgenError
from isrgen.handlers.renderer import Renderer
from isrgen.manifest import Manifest, Route
from isrgen.render.templates import Templates
from isrgen.routing.match import Matcher
from isrgen.routing.strategy import Strategy
from isrgen.routing.urls import BadPathError, join, unquoted
from isrgen.server import asgi, rsgi
from isrgen.server.admin import PREFIX, Admin, Surroundings
from isrgen.server.draft import COOKIE, drafts_of
from isrgen.server.files import StaticFiles
from isrgen.server.hot import Hot
from isrgen.server.ledger import Ledger
from isrgen.server.limits import MOST_BODY, drop_internal, over_limit, timely
from isrgen.server.message import (
    GoneError,
    Incoming,
    Outgoing,
    UnreadBodyError,
    error_response,
    finished,
)
from isrgen.server.not_found import NotFoundPages
from isrgen.server.previews import Match, Previews
from isrgen.server.proxies import Proxies
from isrgen.server.purging import Purging
from isrgen.server.redirects import Redirects, to
from isrgen.server.regeneration import Regenerator
from isrgen.server.seeds import plant
from isrgen.server.sending import conditional, from_answer, from_served
from isrgen.server.settings import Settings, settings_from
from isrgen.server.streaming import close
from isrgen.server.visit import Visit
from isrgen.site.snapshot import Snapshot

__all__ = ["App", "Settings", "create_app", "settings_from"]

log = logging.getLogger("isrgen")

_PAST_THE_EDGE: Final = ("cache-status", str(CacheStatus(fwd=Fwd.METHOD)))
_GRACE: Final = 5.0
"""Seconds that a render past its deadline is given before its flight is called off."""


def create_app(root: Path, settings: Settings, make: type[Renderer] = Renderer) -> App:
    """The app for ``dist/server``, rendered by a ``make``; raises IsrgenError where it cannot be read."""
    try:
        manifest = Manifest.from_json(_manifest(root).read_text("utf-8"))
    except OSError as error:
        raise IsrgenError(
            f"There is no built site in {root.name}: {error.strerror}.", "Run `isrgen build` first."
        ) from error
    snapshot = Snapshot.read(root)
    templates = Templates.from_compiled(
        root / "templates", strict=manifest.strict, assets=snapshot.assets, base_url=manifest.base_url
    )
    renderer = make(
        manifest,
        snapshot,
        templates,
        root,
        clock=settings.clock,
        debug=settings.debug,
        data_roots=(*settings.data_roots, root / "files"),
    )
    return App(root, manifest, renderer, settings)


class App:
    """One site on one event loop; ``start`` it before, ``stop`` it after serving."""

    def __init__(self, root: Path, manifest: Manifest, renderer: Renderer, settings: Settings) -> None:
        self.manifest = manifest
        self.renderer = renderer
        self._root = root
        self._settings = settings
        self._started = False
        self._starting = asyncio.Lock()
        self._matcher = Matcher([(route.pattern, route) for route in manifest.routes])
        self._redirects = Redirects(manifest.redirects)
        self._proxies = Proxies(manifest.trusted_proxies)
        static = root.parent / "static"
        self._files = StaticFiles(manifest.files if static.is_dir() else (), static)
        self._not_found = NotFoundPages(manifest, self._files, renderer)
        self.ledger = Ledger(settings.counters or Counters(), settings.access, self._proxies)
        self._drafts = drafts_of(settings.token, settings.draft_secret, settings.clock)
        self._previews = Previews(manifest)
        self._edge = self._make_edge()
        # In `isrgen dev` the clock is moved and what goes out is looked into.
        fast = self._edge is not None and not settings.debug
        self._hot = self._make_hot(self._edge) if self._edge and fast else None
        self._admin = Admin(
            settings.token,
            manifest.build,
            self._edge,
            clock=settings.clock,
            counters=self.ledger.counters,
            drafts=self._drafts,
            around=Surroundings(self._proxies.client, self._proxies.is_secure),
        )
        self._purging = Purging(self._edge)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """ASGI."""
        await asgi.serve(self, scope, receive, send)

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        """RSGI."""
        if self._hot is None or not self._hot.answer(scope, protocol):
            await rsgi.serve(self, scope, protocol)

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.run_until_complete(self.start())

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.run_until_complete(self.stop())

    async def start(self) -> None:
        """Announce this build to the store and put in the pages rendered ahead; once is enough."""
        async with self._starting:
            if self._started:
                return
            if self._edge is not None:
                await self._edge.start()
                for seed in self.manifest.seeds:
                    await plant(seed, self._root, self._edge, self._settings.clock())
            self._started = True

    async def stop(self) -> None:
        """Finish what is under way; the store is closed."""
        if self._edge is not None:
            await self._edge.close()
        self.renderer.close()

    async def handle(self, incoming: Incoming) -> Outgoing:
        """The response to a request, ready for the wire; never raises for anything in it."""
        if not self._started:
            await self.start()
        incoming.read_body = timely(incoming.read_body, self._settings.body_within)
        try:
            outgoing = await self._answer(incoming)
        except GoneError:
            raise
        except UnreadBodyError as error:
            outgoing = error_response(error.status)
        except Exception:
            log.exception("%s %r could not be answered", incoming.method, incoming.path)
            outgoing = error_response(500)
        if outgoing.stream is not None and incoming.method == "HEAD":
            await close(outgoing.stream)
        return finished(incoming.method, outgoing)

    async def _answer(self, incoming: Incoming) -> Outgoing:
        status = over_limit(incoming)
        if status is not None:
            return error_response(status)
        drop_internal(incoming)
        try:
            segments, slash = incoming.split()
        except BadPathError:
            return error_response(400)
        if segments[:1] == (PREFIX,):
            return await self._admin.answer(incoming, segments)
        return await self._find(incoming, segments, slash)

    async def _find(self, incoming: Incoming, segments: tuple[str, ...], slash: bool) -> Outgoing:
        """Redirects, files, routes, the other form of the URL, and then nothing but a 404."""
        if "/" in "".join(segments):
            return await self._not_found.answer(incoming, segments)
        redirect = self._redirects.find(segments, incoming.query)
        if redirect is not None:
            return redirect
        url = join(segments, slash)
        draft = self._drafts is not None and self._drafts.holds(incoming.get("cookie"))
        preview = self._previews.find(segments) if draft else None
        if preview is not None:
            return await self._route(incoming, preview, segments, slash, draft=True)
        found = await self._file(incoming, url)
        if found is not None:
            return found
        matched = self._matcher.match(segments)
        if matched is not None and matched[0].strategy is not Strategy.SSG:
            return await self._route(incoming, matched, segments, slash, draft=draft)
        other = join(segments, not slash)
        if other != url and self._files.find(other) is not None:
            return to(other, incoming.query)
        return await self._not_found.answer(incoming, segments)

    async def _file(self, incoming: Incoming, url: str) -> Outgoing | None:
        file = self._files.find(url)
        if file is None:
            return None
        if incoming.method not in ("GET", "HEAD"):
            return error_response(405, ("allow", "GET, HEAD"))
        return await self._files.answer(file, incoming)

    async def _route(
        self, incoming: Incoming, matched: Match, segments: tuple[str, ...], slash: bool, *, draft: bool
    ) -> Outgoing:
        route, params = matched
        if segments and slash != route.pattern.slash:
            return to(join(segments, not slash), incoming.query)
        url, path = join(segments, slash), unquoted(segments, slash)
        return await self._visit(incoming, route, params, url, path, draft)

    async def _visit(
        self,
        incoming: Incoming,
        route: Route,
        params: dict[str, str | list[str]],
        url: str,
        path: str,
        draft: bool,
    ) -> Outgoing:
        is_api = route.strategy is Strategy.API
        if not is_api and incoming.method not in ("GET", "HEAD"):
            return error_response(405, ("allow", "GET, HEAD"))
        visit = Visit(
            incoming,
            route,
            params,
            url=url,
            path=path,
            client=self._proxies.client(incoming),
            base_url=self._base_url(incoming, route),
            # What may be shared has no body to read: nothing of it would be in the key.
            body=b"" if incoming.method in ("GET", "HEAD") else await incoming.read_body(MOST_BODY),
            draft=draft,
        )
        if self._edge is not None and visit.goes_to_edge:
            exchange = visit.exchange(self.renderer)
            served = await self._edge.serve(exchange)
            if self._hot is not None:
                self._hot.learn(incoming, exchange, served, route.policy)
            return conditional(incoming, from_served(served))
        answer = await self._purging.after(visit, await self.renderer.answer(route, visit.request()))
        behind = self._settings.behind
        sent = from_answer(answer, behind=behind, path=url, method=incoming.method)
        if self._edge is not None:
            sent.headers.append(_PAST_THE_EDGE)
        return conditional(incoming, sent)

    def _base_url(self, incoming: Incoming, route: Route) -> str:
        """The site's own; where a render is for one visitor, what a trusted proxy says of the address."""
        if route.policy.lifetime is not None:
            return self.manifest.base_url
        return self._proxies.origin(incoming) or self.manifest.base_url

    def _make_edge(self) -> Edge | None:
        settings = self._settings
        if not settings.edge:
            return None
        if settings.store is None:
            raise IsrgenError("The edge is on, but there is no store for it.", "Name one, as in `memory:`.")
        return Edge(
            settings.store,
            clock=settings.clock,
            behind=settings.behind,
            build=self.manifest.build,
            deadline=self.manifest.render_timeout + _GRACE,
            regenerate=Regenerator(self._matcher, self.renderer, self.manifest.base_url),
            counters=self.ledger.counters,
        )

    def _make_hot(self, edge: Edge) -> Hot:
        cookie = COOKIE if self._drafts is not None else ""
        return Hot(edge, _handed, self._settings.clock, self.ledger, draft_cookie=cookie)


def _handed(incoming: Incoming, served: Served) -> Outgoing:
    """What becomes of the edge's response on its way out."""
    return finished(incoming.method, conditional(incoming, from_served(served)))


def _manifest(root: Path) -> Path:
    inside = root / "manifest.json"
    return inside if inside.is_file() else root.parent / "manifest.json"
