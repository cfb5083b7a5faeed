"""The pages of a built site: those that lie in ``dist/static``, and those that its server renders now.

On-demand pages are found by what is known of them: routes without parameters,
``static_params``, addresses that somebody names, and links from page to page.
API routes are not called: what they do is not known.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from isrgen.check.addresses import Addresses
from isrgen.check.references import Document, Reference, read_css, read_html
from isrgen.check.target import Target, Targets, can_be_read, filled
from isrgen.check.visitor import Visitor
from isrgen.check.visits import Seen, Visits
from isrgen.manifest import Manifest, OutputFile
from isrgen.routing.strategy import Strategy

MOST_OF_ONE_ROUTE: Final = 20
"""Pages of one on-demand route that are rendered; its code is the same for all of them."""

_LOC: Final = re.compile(r"<loc>\s*([^<]+?)\s*</loc>")


@dataclass(frozen=True, slots=True)
class Page:
    """One page or style sheet: ``source`` is the site's file that it was made from."""

    url: str
    source: str
    document: Document
    is_html: bool = True


@dataclass(slots=True)
class Pages:
    """What was found. ``seen`` holds what on-demand pages answered, ``targets`` them and API routes.

    ``left_out`` counts the known pages of a route that were one too many.
    """

    all: dict[str, Page] = field(default_factory=dict)
    seen: dict[str, Seen] = field(default_factory=dict)
    targets: dict[str, Target] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)


class Walk:
    """Finds the pages of one site."""

    def __init__(
        self, manifest: Manifest, static: Path, addresses: Addresses, visits: Visits, visitor: Visitor
    ) -> None:
        self._manifest = manifest
        self._static = static
        self._addresses = addresses
        self._visits = visits
        self._visitor = visitor
        self._targets = Targets(manifest)
        self._queue: deque[Target] = deque()
        self._of_route: Counter[str] = Counter()
        self.pages = Pages()

    async def run(
        self, named: Iterable[Target] = (), report: Callable[[str], None] = lambda step: None
    ) -> Pages:
        """Read what is there, render what is known, and follow the links of both."""
        for target in named:
            self._add(target)
        for route in self._manifest.routes:
            if can_be_read(route):
                known = [dict(params) for params in route.static_params] if route.pattern.params else [{}]
                for params in known:
                    self._add(filled(route, params))
        for file in self._manifest.files:
            self._read(file)
        while self._queue:
            target = self._queue.popleft()
            report(f"Rendering {target.url}")
            await self._render(target)
        return self.pages

    def _add(self, target: Target) -> None:
        route = target.route
        if target.url in self.pages.targets or not can_be_read(route):
            return
        if self._of_route[route.source] >= MOST_OF_ONE_ROUTE:
            self.pages.left_out[route.source] += 1
            return
        self._of_route[route.source] += 1
        self.pages.targets[target.url] = target
        if route.strategy is not Strategy.API:
            self._queue.append(target)

    def _read(self, file: OutputFile) -> None:
        kind = file.content_type.partition(";")[0].strip()
        if kind not in ("text/html", "text/css") and not file.path.startswith("sitemap"):
            return
        text = (self._static / file.path).read_text("utf-8", "replace")
        if kind == "text/html":
            self._take(Page(file.url, file.route or _copied(file), read_html(text)))
        elif kind == "text/css":
            document = Document(read_css(text))
            self.pages.all[file.url] = Page(file.url, _copied(file), document, is_html=False)
        else:
            for url in _LOC.findall(text):
                self._follow("/", Reference(unescape(url)))

    async def _render(self, target: Target) -> None:
        seen = await self._visits.get(target.path, self._visitor, target.asked())
        self.pages.seen[target.url] = seen
        if seen.is_html and seen.status < 300:
            document = read_html(seen.body.decode("utf-8", "replace"))
            self._take(Page(target.url, target.route.source, document))
        elif 300 <= seen.status < 400:
            self._follow(target.url, Reference(seen.header("location")))

    def _take(self, page: Page) -> None:
        self.pages.all[page.url] = page
        for reference in page.document.references:
            self._follow(page.url, reference, page.document.base)

    def _follow(self, url: str, reference: Reference, base: str = "") -> None:
        address = self._addresses.resolve(url, reference.target, base)
        if address is not None and address.is_internal:
            target = self._targets.find(address.path + (f"?{address.query}" if address.query else ""))
            if target is not None:
                self._add(target)


def _copied(file: OutputFile) -> str:
    """The file that one without a page was copied from, as far as its name tells."""
    name = re.sub(r"\.[0-9a-f]{8,}(?=\.[a-z0-9]+$)", "", file.path) if file.immutable else file.path
    return f"assets/{unquote(name)}" if file.immutable else unquote(name)
