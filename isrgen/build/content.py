"""From pages to the content snapshot: Markdown is rendered here, once, and never again at run time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from isrgen import __version__
from isrgen.build.jobs import spread
from isrgen.build.state import State
from isrgen.errors import IsrgenError, Problem
from isrgen.render.links import Links
from isrgen.render.markup import BrokenPageError, Markup, check_anchors, render_markdown
from isrgen.render.templates import FOLDER, Templates, masked
from isrgen.site.entry import Entry
from isrgen.site.load import Site
from isrgen.site.page import Kind, Page
from isrgen.site.snapshot import Facts, Snapshot


@dataclass(frozen=True, slots=True)
class Content:
    """The snapshot, and what is wrong with the pages in it."""

    snapshot: Snapshot
    problems: tuple[Problem, ...] = ()


def bodies_of(pages: Iterable[Page]) -> dict[str, str]:
    """The body templates by their source file."""
    return {page.source: masked(page.body, page.body_line) for page in pages if page.kind is Kind.TEMPLATE}


def facts_of(site: Site, *, drafts: bool, future: bool) -> Facts:
    config = site.config
    return Facts(config.title, config.base_url, config.language, config.extra, drafts, future)


def entry_of(page: Page, markup: Markup | None = None, *, held: bool = False) -> Entry:
    """What the snapshot keeps of a page; one that is ``held`` only a draft visitor sees."""
    meta = page.meta
    template = page.source if page.kind is Kind.TEMPLATE else None
    if meta.template:
        template = FOLDER + meta.template
    return Entry(
        source=page.source,
        url=page.url,
        title=meta.title,
        description=meta.description,
        date=meta.date,
        updated=meta.updated,
        publish_at=meta.publish_at,
        expires_at=meta.expires_at,
        draft=meta.draft,
        tags=meta.tags,
        weight=meta.weight,
        section=page.section,
        sitemap=meta.sitemap,
        listed=page.not_found is None,
        extra=meta.extra,
        summary=markup.summary if markup else "",
        toc=markup.toc if markup else (),
        words=markup.words if markup else 0,
        template=template,
        layout=page.layout,
        content=markup.html if markup else None,
        inputs=markup.inputs if markup else (),
        held=held,
    )


def render_content(
    site: Site,
    pages: Iterable[Page],
    shortcodes: Templates,
    state: State,
    *,
    facts: Facts,
    assets: Mapping[str, str],
    jobs: int,
    unread: Collection[str] = (),
    held: Iterable[Page] = (),
) -> Content:
    """Render every Markdown body that is not known already.

    ``unread`` names files of the site that could not be read. ``held`` are
    drafts and the like: what is wrong with those is not told before they are out.
    """
    held = tuple(held)
    hidden = {page.source for page in held}
    kept = [page for page in (*pages, *held) if page.kind is not Kind.API]
    links = Links(site, unread)
    texts = [page for page in kept if page.kind is Kind.MARKDOWN]
    keys = {page.source: key for page in texts if (key := _key(page, site, links))}
    known = state.get(keys.values())
    markups = {s: Markup.from_json(json.loads(known[key])) for s, key in keys.items() if key in known}
    todo = [page for page in texts if page.source not in markups]

    def one(page: Page) -> tuple[Markup | None, tuple[Problem, ...]]:
        try:
            return render_markdown(page, site, links, shortcodes), ()
        except BrokenPageError as error:
            return error.markup, error.problems
        except IsrgenError as error:
            return None, error.problems

    problems: list[Problem] = []
    made: dict[str, str] = {}
    for page, (markup, found) in zip(todo, spread(one, todo, jobs), strict=True):
        problems.extend(found if page.source not in hidden else ())
        if markup is not None:
            markups[page.source] = markup
        if markup is not None and not found and page.source in keys:
            made[keys[page.source]] = json.dumps(markup.to_json(), ensure_ascii=False)
    if not unread:
        state.keep([key for key in keys.values() if key in known], made)
    out = {source: markup for source, markup in markups.items() if source not in hidden}
    problems.extend(check_anchors(out, shortcodes))
    entries = {
        page.source: entry_of(page, markups.get(page.source), held=page.source in hidden) for page in kept
    }
    snapshot = Snapshot(facts, entries, site.data, dict(assets))
    return Content(snapshot, tuple(problems))


def _key(page: Page, site: Site, links: Links) -> str | None:
    """The digest of all that a page's HTML is made from; None where that is not known beforehand.

    A shortcode's template may read the whole site, so a page with one is rendered every time.
    """
    if "{{<" in page.body:
        return None
    config = site.config.markdown
    made_from = (
        __version__,
        config.engine,
        config.html,
        config.typographer,
        sorted(page.meta.markdown.items()),
        page.source,
        page.url,
        page.body_line,
        links.digest,
        page.body,
    )
    return hashlib.sha256(repr(made_from).encode("utf-8", "surrogatepass")).hexdigest()
