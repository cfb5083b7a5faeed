"""Where a link in a page leads: source files, files beside the page, URLs of the site.

``Links`` is made once for a site. People link to a file as they see it, with
or without the ``+`` suffixes, or to a URL; the answer is the canonical URL, or
what is wrong with the link and what was probably meant.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urljoin

from isrgen.render.filters import place
from isrgen.routing.match import Matcher
from isrgen.routing.pattern import Pattern
from isrgen.routing.urls import BadPathError, join, split_raw
from isrgen.site.entry import Entry
from isrgen.site.names import suffixless
from isrgen.site.page import Page
from isrgen.site.snapshot import Facts, Snapshot
from isrgen.site.source import CONTENT

if TYPE_CHECKING:
    from isrgen.site.load import Site

_EXTERNAL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//|\?|$")
_GENERATED: Final = ("/sitemap.xml", "/robots.txt", "/feed.xml")
_MOST_COMPARED: Final = 2_000
_WAYS: Final = "Link to a file relative to this one, to /PATH below content/, or to a URL of the site."


@dataclass(frozen=True, slots=True)
class Found:
    """``url`` is canonical and has its query and fragment; ``source`` the page it leads to, if it is one.

    ``problem`` and ``hint`` are set where it leads nowhere.
    """

    url: str
    source: str | None = None
    fragment: str = ""
    problem: str = ""
    hint: str = ""


class Links:
    """Every place in a site that a link can lead to.

    ``unread`` names source files that have problems of their own: links to those are let pass.
    """

    def __init__(self, site: Site, unread: Collection[str] = ()) -> None:
        self._site = site
        self._base_url = site.config.base_url
        self._root = site.config.root
        self._unread = frozenset(unread) | frozenset(map(suffixless, unread))
        self._drafts = {name for page in site.drafts for name in (page.source, suffixless(page.source))}
        self._urls: dict[str, str] = {}
        self._sources: dict[str, str] = {}
        self._targets: dict[str, str] = {}
        patterns: list[tuple[Pattern, str]] = []
        for page in (*site.pages, *site.scheduled, *site.moved):
            self._add_page(page)
            if not page.url and page.not_found is None:
                patterns.append((page.pattern, page.source))
        for file in site.files:
            url = join(file.path.split("/"), slash=False)
            self._targets.setdefault(file.source, url)
            self._urls.setdefault(unquote(url), url)
        for url in _GENERATED:
            self._urls.setdefault(url, url)
        patterns.extend((redirect.source, "") for redirect in site.redirects)
        self._patterns = sorted((str(pattern), source) for pattern, source in patterns)
        self._matcher = Matcher(patterns)

    def _add_page(self, page: Page) -> None:
        for source in filter(None, (page.source, page.module)):
            self._targets.setdefault(source, page.url)
            self._targets.setdefault(suffixless(source), page.url)
        if page.url:
            self._urls.setdefault(_key(page.url), page.url)
            self._sources.setdefault(page.url, page.source)

    @cached_property
    def digest(self) -> str:
        """Changes whenever a link could lead elsewhere than before."""
        facts = (self._base_url, sorted(self._urls.items()), sorted(self._targets.items()), self._patterns)
        return sha256(repr(facts).encode("utf-8", "surrogatepass")).hexdigest()

    @cached_property
    def outline(self) -> Snapshot:
        """The site as shortcodes see it, while there is no HTML yet: every page but the scheduled ones."""
        site, config = self._site, self._site.config
        facts = Facts(config.title, config.base_url, config.language, config.extra, drafts=True, future=True)
        entries = {page.source: _outlined(page, listed=page.not_found is None) for page in site.pages}
        entries |= {page.source: _outlined(page, listed=False) for page in (*site.scheduled, *site.not_found)}
        return Snapshot(facts, entries, site.data)

    def find(self, page: Page, target: str) -> Found:
        """Where ``target`` leads from ``page``; targets outside the site stay as they are."""
        if _EXTERNAL.match(target):
            return Found(target)
        path, fragment, rest = _split(target)
        if not path:
            return Found(target, page.source, fragment)
        name = unquote(path)
        candidates = _candidates(page, name)
        for candidate in candidates:
            for source in (candidate, suffixless(candidate)):
                url = self._targets.get(source)
                if url is not None:
                    return self._to(url, rest, fragment) if url else _has_parameters(target)
        url = self._by_url(path, page)
        if url is not None:
            return self._to(url, rest, fragment)
        if not self._unread.isdisjoint(candidates):
            return Found(target)
        return self._lost(page, target, name, candidates)

    def file(self, page: Page, target: str) -> str | None:
        """The URL of a file or page that ``target`` names as a file beside the page, else None."""
        if _EXTERNAL.match(target) or "." not in target:
            return None
        path, _, rest = _split(target)
        for candidate in _candidates(page, unquote(path)):
            if url := self._targets.get(candidate) or self._targets.get(suffixless(candidate)):
                return place(url + rest, self._base_url)
        return None

    def _to(self, url: str, rest: str, fragment: str) -> Found:
        return Found(place(url + rest, self._base_url), self._sources.get(url), fragment)

    def _by_url(self, path: str, page: Page) -> str | None:
        if not path.startswith("/"):
            if not page.url:
                return None
            path = urljoin(page.url, path)
        known = self._urls.get(_key(unquote(path)))
        if known is not None:
            return known
        try:
            return path if self._matcher.match(split_raw(path)) is not None else None
        except BadPathError:
            return None

    def _lost(self, page: Page, target: str, name: str, candidates: Sequence[str]) -> Found:
        for candidate in candidates:
            if candidate in self._drafts or suffixless(candidate) in self._drafts:
                return Found(
                    target,
                    problem=f"The link {target!r} leads to a draft.",
                    hint="Publish that page, or build with --drafts.",
                )
            if (self._root / candidate).is_file():
                hint = f"{candidate} is there, but it is neither a page nor a file beside one."
                return Found(target, problem=f"The link {target!r} leads nowhere.", hint=hint)
        meant = self._meant(page, name)
        hint = f"Did you mean {meant!r}?" if meant else _WAYS
        return Found(target, problem=f"The link {target!r} leads nowhere.", hint=hint)

    def _meant(self, page: Page, name: str) -> str | None:
        """What was probably meant: a URL for a URL, else a file of that name, or one with a name like it."""
        folder = posixpath.dirname(page.source)
        wanted = posixpath.basename(name)
        if not wanted or (name.startswith("/") and "." not in wanted):
            return next(iter(_closest(unquote(name), self._urls.values())), None)
        same = [source for source in self._targets if posixpath.basename(source) == wanted]
        if not same:
            beside = {
                posixpath.basename(each): each for each in self._targets if posixpath.dirname(each) == folder
            }
            same = [beside[each] for each in _closest(wanted, beside)]
        if not same:
            same = _closest(posixpath.normpath(posixpath.join(folder, name)), self._targets, 0.9)
        if not same:
            return None
        best = min(same, key=lambda source: (source.count("/"), source))
        inside = best.startswith(f"{CONTENT}/")
        return posixpath.relpath(best, folder) if inside else self._targets[best]


def _candidates(page: Page, name: str) -> list[str]:
    """The source files that a written path can mean."""
    folder = CONTENT if name.startswith("/") else posixpath.dirname(page.source)
    path = posixpath.normpath(posixpath.join(folder, name.lstrip("/")))
    if name.endswith("/") or "." not in posixpath.basename(path):
        return [f"{path}/index.md", f"{path}/index.html", path]
    return [path]


def _split(target: str) -> tuple[str, str, str]:
    """Path, decoded fragment, and everything after the path as it was."""
    end = min((at for at in (target.find("?"), target.find("#")) if at >= 0), default=len(target))
    fragment = target.partition("#")[2]
    return target[:end], unquote(fragment), target[end:]


def _key(url: str) -> str:
    path = unquote(url)
    return path.removesuffix("index.html").rstrip("/") or "/"


def _closest(wanted: str, there: Iterable[str], cutoff: float = 0.75) -> list[str]:
    known = list(there)
    return get_close_matches(wanted, known, 1, cutoff) if len(known) <= _MOST_COMPARED else []


def _has_parameters(target: str) -> Found:
    return Found(
        target,
        problem=f"The link {target!r} leads to a page with parameters.",
        hint="Link to one of its URLs instead, with the parameters filled in.",
    )


def _outlined(page: Page, *, listed: bool) -> Entry:
    meta = page.meta
    shared = (
        "title",
        "description",
        "date",
        "updated",
        "publish_at",
        "expires_at",
        "draft",
        "tags",
        "weight",
    )
    facts = {name: getattr(meta, name) for name in (*shared, "sitemap", "extra")}
    return Entry(page.source, page.url, section=page.section, layout=page.layout, listed=listed, **facts)
