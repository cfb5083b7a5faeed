"""The page for a path where nothing is: the nearest ``+not-found``, a file or rendered now."""

from __future__ import annotations

from collections.abc import Sequence

from isrgen.handlers.fallback import HTML
from isrgen.handlers.header_rules import HeaderRules
from isrgen.handlers.render import nearest_not_found
from isrgen.handlers.renderer import Renderer
from isrgen.http.headers import Headers
from isrgen.manifest import Manifest
from isrgen.routing.urls import unquoted
from isrgen.server.files import StaticFiles
from isrgen.server.message import Incoming, Outgoing, error_response, lowered
from isrgen.server.sending import from_answer


class NotFoundPages:
    """Those of a manifest."""

    def __init__(self, manifest: Manifest, files: StaticFiles, renderer: Renderer) -> None:
        self._pages = manifest.not_found
        self._rules = HeaderRules(manifest.header_rules)
        self._files = files
        self._renderer = renderer

    async def answer(self, incoming: Incoming, segments: Sequence[str]) -> Outgoing:
        """The 404 for these decoded segments."""
        path = unquoted(segments, slash=False)
        headers = Headers({"Content-Type": HTML, "Cache-Control": "private, no-store"})
        self._rules.apply(headers, path)
        nearest = nearest_not_found(self._pages, path)
        if nearest is None:
            return error_response(404)
        file = self._files.at(nearest.file)
        if file is not None:
            plain = Incoming(incoming.method, path, None, "", [], "", incoming.read_body)
            sent = await self._files.answer(file, plain)
            if sent is not None:
                return Outgoing(404, lowered(headers.pairs()), sent.body, None, sent.file)
        answer = await self._renderer.not_found(path)
        self._rules.apply(answer.headers, path)
        return from_answer(answer, behind=None, path=path, method="")
