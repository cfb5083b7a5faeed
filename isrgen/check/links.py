"""References that lead nowhere: pages, files and anchors that are not there.

Whatever a page refers to is asked of the site's own server, unless it is a
page that was looked at already: redirects, both forms of a URL and not-found
pages are then as visitors get them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Final

from isrgen.check.addresses import Address, Addresses
from isrgen.check.pages import Page, Pages
from isrgen.check.references import Reference
from isrgen.check.target import Target, Targets, can_be_read
from isrgen.check.visitor import Visitor
from isrgen.check.visits import Visits
from isrgen.manifest import Manifest
from isrgen.routing.strategy import Strategy

_MOST_HOPS: Final = 10
_MOST_COMPARED: Final = 2_000
_TOP: Final = ("", "top")

_LEADS: Final = {
    "link": "The link {!r} leads nowhere.",
    "form": "The form's address {!r} leads nowhere.",
    "frame": "The frame {!r} is not there.",
    "image": "The image {!r} is not there.",
    "icon": "The icon {!r} is not there.",
    "script": "The script {!r} is not there.",
    "style sheet": "The style sheet {!r} is not there.",
    "file": "The file {!r} is not there.",
}


@dataclass(frozen=True, slots=True)
class Broken:
    """A reference of a page that is wrong, and what is wrong with it."""

    page: Page
    reference: Reference
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class _Answer:
    """What is at an address: ``url`` after redirects, and the status that it ends with."""

    url: str
    status: int
    loops: bool = False


@dataclass(slots=True)
class Links:
    """Judges the references of the pages of one site."""

    manifest: Manifest
    pages: Pages
    addresses: Addresses
    visits: Visits
    visitor: Visitor
    ignored: tuple[str, ...] = ()
    external: dict[str, list[Page]] = field(default_factory=dict)
    checked: int = 0
    _answers: dict[str, _Answer] = field(default_factory=dict)
    _targets: Targets = field(init=False)

    def __post_init__(self) -> None:
        self._targets = Targets(self.manifest)

    async def broken(self) -> list[Broken]:
        """Every reference that is wrong; those to other sites are only collected."""
        found = []
        for page in self.pages.all.values():
            for reference in page.document.references:
                one = await self._judge(page, reference)
                if one is not None:
                    found.append(one)
        return found

    async def _judge(self, page: Page, reference: Reference) -> Broken | None:
        if not reference.target:
            return Broken(page, reference, f"This {reference.kind} has an empty address.", "Fill it in.")
        address = self.addresses.resolve(page.url, reference.target, page.document.base)
        if address is None or self._is_ignored(reference, address):
            return None
        self.checked += 1
        if address.leaves:
            hint = f"Write {address.leaves!r}, which `url()` makes of it, or the whole address."
            return Broken(page, reference, f"The link {reference.target!r} leads out of the site.", hint)
        if not address.is_internal:
            there = self.external.setdefault(address.url, [])
            if page not in there:
                there.append(page)
            return None
        here = self.addresses.resolve(page.url, page.url)
        is_here = here is not None and here.url == address.url
        answer = _Answer(page.url, 200) if is_here else await self._at(address, reference.kind)
        if answer.loops:
            return Broken(page, reference, f"The link {reference.target!r} is redirected in a circle.")
        if answer.status >= 400:
            return Broken(page, reference, *self._said(reference, address, answer))
        return self._anchor(page, reference, address, answer)

    def _is_ignored(self, reference: Reference, address: Address) -> bool:
        named = (reference.target, address.path or address.url)
        return any(fnmatchcase(name, glob.replace("[", "[[]")) for glob in self.ignored for name in named)

    def _said(self, reference: Reference, address: Address, answer: _Answer) -> tuple[str, str]:
        if answer.status in (404, 410):
            moved = answer.url.partition("?")[0].rstrip("/") != address.path.rstrip("/")
            hint = f"It is redirected to {answer.url!r}." if moved else self._meant(address)
            return _LEADS[reference.kind].format(reference.target), hint
        message = f"The {reference.kind} {reference.target!r} is answered with {answer.status}."
        if answer.status >= 500:
            return message, "What is wrong with that page is told on its own."
        target = self._targets.find(address.path)
        return (
            message,
            f"It answers {', '.join(target.route.methods)}." if answer.status == 405 and target else "",
        )

    def _anchor(self, page: Page, reference: Reference, address: Address, answer: _Answer) -> Broken | None:
        if address.fragment.lower() in _TOP or reference.kind not in ("link", "frame"):
            return None
        there = self.pages.all.get(answer.url)
        if there is None or not there.is_html or address.fragment in there.document.anchors:
            return None
        known = sorted(there.document.anchors)
        near = get_close_matches(address.fragment, known, 1) if len(known) <= _MOST_COMPARED else []
        hint = f"Did you mean '#{near[0]}'?" if near else ""
        if not near and known:
            named = ", ".join(f"#{name}" for name in known[:8])
            hint = f"Its anchors are: {named}{', ...' if len(known) > 8 else ''}."
        where = "this page" if there is page else there.url
        return Broken(page, reference, f"There is no anchor '#{address.fragment}' in {where}.", hint)

    async def _at(self, address: Address, kind: str) -> _Answer:
        """What a visitor finds there."""
        url = address.path + (f"?{address.query}" if address.query else "")
        if kind == "form" and self._is_api(url):
            return _Answer(url, 200)
        if url not in self._answers:
            self._answers[url] = await self._found(address)
        return self._answers[url]

    def _is_api(self, url: str) -> bool:
        target = self._targets.find(url)
        return target is not None and target.route.strategy is Strategy.API

    async def _found(self, address: Address) -> _Answer:
        passed: set[str] = set()
        for _ in range(_MOST_HOPS):
            url, status, location = await self._ask(address.path, address.query)
            if not 300 <= status < 400 or not location:
                return _Answer(url, status)
            following = self.addresses.resolve(address.path, location)
            if following is None or not following.is_internal:
                return _Answer(url, 200)
            if following.url in passed:
                break
            passed.add(following.url)
            address = following
        return _Answer(address.path, 310, loops=True)

    async def _ask(self, path: str, query: str) -> tuple[str, int, str]:
        """The URL of the page, the status, and where it redirects to."""
        target = self._targets.find(f"{path}?{query}" if query else path)
        if target is not None and path == target.path:
            known = await self._rendered(target)
            if known is not None:
                return target.url, *known
        seen = await self.visits.get(path, self.visitor, query)
        return path, seen.status, seen.header("location")

    async def _rendered(self, target: Target) -> tuple[int, str] | None:
        """The status of an on-demand page, rendered already; one too many is taken on trust."""
        seen = self.pages.seen.get(target.url)
        if seen is not None:
            return seen.status, seen.header("location")
        if target.route.strategy is Strategy.API:
            return (200 if can_be_read(target.route) else 405), ""
        return (200, "") if self.pages.left_out[target.route.source] else None

    def _meant(self, address: Address) -> str:
        urls = [file.url for file in self.manifest.files if file.status == 200]
        urls += [url for url, seen in self.pages.seen.items() if seen.status < 300]
        near = get_close_matches(address.path, urls, 1, 0.75) if len(urls) <= _MOST_COMPARED else []
        return f"Did you mean {near[0]!r}?" if near else ""
