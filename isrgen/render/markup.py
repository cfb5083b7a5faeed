"""One Markdown page: its HTML, and all that is wrong with it.

This is where an engine, the site's links and the site's shortcodes meet.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

import markupsafe

from isrgen.config import MarkdownConfig
from isrgen.errors import IsrgenError, Problem
from isrgen.render.inputs import Inputs
from isrgen.render.links import Found, Links
from isrgen.render.markdown import Options, load_engine
from isrgen.render.shortcodes import Call, Value
from isrgen.render.templates import FOLDER, Templates
from isrgen.render.toc import tree
from isrgen.site.entry import Heading
from isrgen.site.page import Page
from isrgen.site.view import SiteView

if TYPE_CHECKING:
    from isrgen.site.load import Site

SHORTCODES: Final = f"{FOLDER}shortcodes/"

_ID: Final = re.compile(r"\s(?:id|name)=(?:\"([^\"{]+)\"|'([^'{]+)')")
_OWN_FRAGMENT: Final = re.compile(r'(<a\b[^>]* href=")(#[^"]*")')
_LINK_ARGUMENTS: Final = frozenset({"src", "href"})
_SETTINGS: Final = ("html", "typographer")


@dataclass(frozen=True, slots=True)
class Anchor:
    """A link to ``#fragment`` of a page, which can be judged when that page is rendered."""

    target: str
    fragment: str
    line: int


@dataclass(frozen=True, slots=True)
class Markup:
    """What a Markdown page became.

    ``summary`` is HTML; ``ids`` are those in the HTML; ``inputs`` are the tags
    of what its shortcodes read.
    """

    html: str
    toc: tuple[Heading, ...] = ()
    summary: str = ""
    words: int = 0
    ids: tuple[str, ...] = ()
    anchors: tuple[Anchor, ...] = ()
    inputs: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "html": self.html,
            "toc": [heading.to_json() for heading in self.toc],
            "summary": self.summary,
            "words": self.words,
            "ids": list(self.ids),
            "anchors": [[anchor.target, anchor.fragment, anchor.line] for anchor in self.anchors],
            "inputs": list(self.inputs),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Markup:
        return cls(
            data["html"],
            tuple(Heading.from_json(heading) for heading in data["toc"]),
            data["summary"],
            data["words"],
            tuple(data["ids"]),
            tuple(Anchor(*anchor) for anchor in data["anchors"]),
            tuple(data.get("inputs", ())),
        )


class BrokenPageError(IsrgenError):
    """A page with problems, and what became of it all the same: it may have more of them elsewhere."""

    def __init__(self, problems: Iterable[Problem], markup: Markup) -> None:
        super().__init__(problems)
        self.markup = markup


def render_markdown(page: Page, site: Site, links: Links, shortcodes: Templates) -> Markup:
    """Render a page's Markdown; raises IsrgenError, mostly a BrokenPageError, with every problem of the page.

    Anchors on other pages cannot be judged here; ``check_anchors`` does it when all are rendered.
    """
    options = _options(page, site.config.markdown)
    hooks = _Hooks(page, links, shortcodes)
    try:
        made = load_engine(site.config.markdown.engine).render(page.body, options, hooks)
    except RecursionError:
        raise IsrgenError(
            Problem("The Markdown is nested too deeply.", "Nest its lists and quotes less.", file=page.source)
        ) from None
    summary = _OWN_FRAGMENT.sub(rf"\g<1>{page.url}\g<2>", made.summary) if page.url else made.summary
    ids = tuple(dict.fromkeys(first or second for first, second in _ID.findall(made.html)))
    markup = Markup(
        made.html, tree(made.titles), summary, made.words, ids, tuple(hooks.anchors), hooks.inputs.tags
    )
    if hooks.problems:
        raise BrokenPageError(hooks.problems, markup)
    return markup


def check_anchors(markups: Mapping[str, Markup], templates: Templates) -> list[Problem]:
    """The links to anchors that are nowhere; ``markups`` maps each Markdown page's source to its result."""
    common = {first or second for text in templates.texts() for first, second in _ID.findall(text)} | {"top"}
    known = {source: frozenset(markup.ids) | common for source, markup in markups.items()}
    return [
        _no_anchor(source, anchor, markups[anchor.target].ids)
        for source, markup in markups.items()
        for anchor in markup.anchors
        if anchor.target in known and anchor.fragment not in known[anchor.target]
    ]


def _no_anchor(source: str, anchor: Anchor, ids: Iterable[str]) -> Problem:
    where = "this page" if anchor.target == source else anchor.target
    near = get_close_matches(anchor.fragment, list(ids), 1, 0.6)
    there = ", ".join(f"#{name}" for name in list(ids)[:12]) or "none"
    hint = f"Did you mean '#{near[0]}'?" if near else f"Its anchors are: {there}."
    message = f"There is no anchor '#{anchor.fragment}' in {where}."
    return Problem(message, hint, file=source, line=anchor.line)


def _options(page: Page, config: MarkdownConfig) -> Options:
    """The site's options with the page's own ``markdown:`` over them."""
    unknown = sorted(set(page.meta.markdown) - set(_SETTINGS))
    wrong = [name for name in _SETTINGS if not isinstance(page.meta.markdown.get(name, True), bool)]
    problems = [
        Problem(f"`markdown` has no key {name!r}.", f"Choose from: {', '.join(_SETTINGS)}.", file=page.source)
        for name in unknown
    ]
    problems += [Problem(f"`markdown.{name}` is neither true nor false.", file=page.source) for name in wrong]
    if problems:
        raise IsrgenError(problems)
    own = page.meta.markdown
    return Options(own.get("html", config.html), own.get("typographer", config.typographer))


class _Hooks:
    """The engine's questions, answered for one page; what goes wrong is collected."""

    def __init__(self, page: Page, links: Links, shortcodes: Templates) -> None:
        self._page = page
        self._links = links
        self._shortcodes = shortcodes
        self.inputs = Inputs()
        self.problems: list[Problem] = []
        self.anchors: list[Anchor] = []

    def link(self, target: str, line: int) -> str:
        found = self._links.find(self._page, target)
        if found.problem:
            self.problem(found.problem, found.hint, line)
        self._note_anchor(found, line)
        return found.url

    def is_paired(self, name: str) -> bool:
        template = _template(name)
        return template in self._shortcodes.names and "content" in self._shortcodes.free_names(template)

    def shortcode(self, call: Call, content: str | None) -> str:
        template = _template(call.name)
        if template not in self._shortcodes.names:
            self.problem(f"There is no shortcode called {call.name!r}.", self._choices(call.name), call.line)
            return ""
        if content is not None and not self.is_paired(call.name):
            hint = f"Remove `{{{{< /{call.name} >}}}}`, or show `{{{{ content }}}}` in {template}."
            self.problem(
                f"The shortcode {call.name!r} has content that its template never shows.", hint, call.line
            )
        site = self._site_view()
        args = {key: self._argument(key, value, call.line) for key, value in call.args.items()}
        variables: dict[str, Any] = {key: value for key, value in args.items() if isinstance(key, str)}
        variables |= {
            "args": args,
            "content": markupsafe.Markup(content or ""),  # noqa: S704  (the engine made it)
            "page": site.current(self._page.source),
            "site": site,
            "data": site.data,
        }
        try:
            return self._shortcodes.render(template, variables, self.inputs).strip("\n")
        except IsrgenError as error:
            self.problems.extend(error.problems)
            self.problem(f"The shortcode {call.name!r} failed here.", "", call.line)
            return ""

    def problem(self, message: str, hint: str, line: int) -> None:
        at = line + self._page.body_line - 1
        self.problems.append(Problem(message, hint, file=self._page.source, line=at))

    def _note_anchor(self, found: Found, line: int) -> None:
        if found.fragment and found.source is not None and not found.fragment.startswith(":~:"):
            at = line + self._page.body_line - 1
            self.anchors.append(Anchor(found.source, found.fragment.partition(":~:")[0], at))

    def _argument(self, key: str | int, value: Value, line: int) -> Value:
        """Arguments that name a file beside the page become its URL."""
        if not isinstance(value, str):
            return value
        if key in _LINK_ARGUMENTS:
            return self.link(value, line)
        return self._links.file(self._page, value) or value

    def _choices(self, name: str) -> str:
        there = sorted(
            each.removeprefix(SHORTCODES).removesuffix(".html")
            for each in self._shortcodes.names
            if each.startswith(SHORTCODES)
        )
        if near := get_close_matches(name, there, 1, 0.6):
            return f"Did you mean {near[0]!r}?"
        known = f"Choose one of: {', '.join(there)}. " if there else ""
        return f"{known}Write it as {_template(name)}, or put backticks around it to show it as text."

    def _site_view(self) -> SiteView:
        if self.inputs.site is None:
            self.inputs.site = SiteView(self._links.outline, 0.0)
        return self.inputs.site


def _template(name: str) -> str:
    return f"{SHORTCODES}{name}.html"
