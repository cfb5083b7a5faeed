"""Contradictions within one page, each with the way out.

``judge`` says whether there is a page at all; every row of ``CHECKS`` looks at
one thing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from isrgen.config.cache import KEYS as CACHE_KEYS
from isrgen.config.table import shown
from isrgen.errors import Problem
from isrgen.http.offered import API, LOADER, STATIC_PARAMS
from isrgen.routing.pattern import Pattern
from isrgen.routing.strategy import METHODS, Mode, Strategy
from isrgen.site.metadata import Metadata
from isrgen.site.module import Module
from isrgen.site.names import Name
from isrgen.site.page import Kind
from isrgen.site.routes import Decided, unknown_placeholders
from isrgen.site.source import Folder


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known of a page before it is one."""

    source: str
    kind: Kind
    name: Name
    folder: Folder
    pattern: Pattern
    decided: Decided
    metadata: Metadata
    module: Module | None

    def problem(self, message: str, hint: str, *keys: str) -> Problem:
        """A problem of the file, or of the place of a key in its front matter."""
        line = self.metadata.table.line_of(*keys) if keys else None
        return Problem(message, hint, self.source, line)


def judge(facts: Facts, problems: list[Problem]) -> bool:
    """Add what is wrong with a page; whether there is one that can be built."""
    found = [problem for check in CHECKS for problem in check(facts)]
    problems.extend(found)
    return not found


def _api_needs_python(facts: Facts) -> Iterator[Problem]:
    if facts.decided.mode is Mode.API and facts.kind is not Kind.API:
        stem = facts.source.rpartition(".")[0]
        yield facts.problem(
            "An API route is written in Python, and this file is not.",
            f"Write {stem}.py with a function GET, or end the name in +ssr or +ssg.",
        )


def _api_needs_methods(facts: Facts) -> Iterator[Problem]:
    if facts.kind is Kind.API and facts.module is not None and not facts.module.methods:
        yield facts.problem(
            "This API route has no function that answers a request.",
            f"Define one of: {', '.join(METHODS)}.",
        )


def _module_needs_loader(facts: Facts) -> Iterator[Problem]:
    if facts.kind is not Kind.MODULE or facts.module is None:
        return
    if "loader" in facts.module.names or (facts.metadata.meta.template and _says_page(facts)):
        return
    if not _says_page(facts) and not facts.name.not_found:
        yield facts.problem(
            "This module is not a page: it has no `loader`, no suffix, and no .md or .html file of its name.",
            "Begin its name with _ if pages share it, or add a loader.",
        )
    else:
        yield facts.problem(
            "This page has no body: no `loader`, no `template`, and no .md or .html file of its name.",
            'Write template = "post.html" at its top, or a loader that returns a Response.',
        )


def _says_page(facts: Facts) -> bool:
    return facts.name.mode is not None or facts.folder.mode is not None or facts.name.not_found


def _static_pages_have_no_cache(facts: Facts) -> Iterator[Problem]:
    if facts.decided.mode is not Mode.SSG or "cache" not in facts.metadata.table:
        return
    if facts.name.not_found:
        hint = "Remove `cache`; `not_found_ttl` says how long a 404 is kept."
    else:
        hint = f"Remove `cache`, or let the page be rendered on demand: {_renamed(facts, 'ssr')}."
    yield facts.problem(
        f"`cache` is for pages that are rendered on demand; this one is SSG, by {facts.decided.because}."
        if not facts.name.not_found
        else "`cache` is for pages that are rendered on demand; a not-found page is SSG.",
        hint,
        "cache",
    )


def _dynamic_static_pages_need_params(facts: Facts) -> Iterator[Problem]:
    if facts.decided.strategy is not Strategy.SSG or facts.pattern.is_static or facts.name.not_found:
        return
    if facts.metadata.meta.redirect is not None:
        return
    if facts.module is None or "static_params" not in facts.module.names:
        module = facts.source.rpartition(".")[0] + ".py"
        yield facts.problem(
            f"The route {facts.pattern} is SSG, by {facts.decided.because}, and nothing lists its pages.",
            f"Define static_params() in {module}, or render it on demand: {_renamed(facts, 'ssr')}.",
        )


def _renamed(facts: Facts, suffix: str) -> str:
    """How the file, or its front matter, would say another mode."""
    if facts.name.mode is None and facts.folder.mode is None:
        return f"`mode: {suffix}`" if facts.kind is not Kind.MODULE else f'`mode = "{suffix}"`'
    folder, _, name = facts.source.rpartition("/")
    stem, _, extension = name.rpartition(".")
    return f"name it {folder}/{stem.partition('+')[0]}+{suffix}.{extension}"


def _tags_name_parameters(facts: Facts) -> Iterator[Problem]:
    if facts.metadata.cache is None:
        return
    for tag, name in unknown_placeholders(facts.metadata.cache, facts.pattern).items():
        known = ", ".join(facts.pattern.params)
        hint = f"The route has {known}." if known else "The route has no parameters; write the tag as text."
        yield facts.problem(
            f'The cache tag "{tag}" names a parameter {{{name}}} that is not there.', hint, "cache", "tags"
        )


def _template_is_for_modules(facts: Facts) -> Iterator[Problem]:
    if facts.kind in (Kind.MARKDOWN, Kind.TEMPLATE) and facts.metadata.meta.template is not None:
        yield facts.problem(
            "`template` is for pages without a body; this one has a body and goes into a layout.",
            f"Write layout: {facts.metadata.meta.template}.",
            "template",
        )


def _module_beside_body_has_no_cache(facts: Facts) -> Iterator[Problem]:
    if facts.kind not in (Kind.MARKDOWN, Kind.TEMPLATE) or facts.module is None:
        return
    literal = facts.module.literals.data.get("cache")
    # A dict of the site's own that happens to be called `cache` has none of our keys.
    if isinstance(literal, str) or (isinstance(literal, dict) and not literal.keys().isdisjoint(CACHE_KEYS)):
        line = facts.module.literals.line_of(("cache",))
        message = "`cache` counts only in the front matter of a page that has a body."
        yield Problem(message, f"Move it to {facts.source}.", facts.module.source, line)


def _functions_ask_for_what_there_is(facts: Facts) -> Iterator[Problem]:
    if facts.module is None:
        return
    is_api = facts.kind is Kind.API
    known = dict.fromkeys(METHODS, API) if is_api else {"loader": LOADER, "static_params": STATIC_PARAMS}
    for name, offered in known.items():
        line, asked = facts.module.asks.get(name, (0, ()))
        for parameter in asked:
            if parameter not in offered:
                message = f"`{name}` asks for `{parameter}`, which nobody can give it."
                hint = f"It may take any of these, by name: {', '.join(offered)}."
                yield Problem(message, hint, facts.module.source, line)


def _declarations_are_literal(facts: Facts) -> Iterator[Problem]:
    if facts.module is None:
        return
    own = ("cache", "mode", "template", "layout") if facts.kind in (Kind.MODULE, Kind.API) else ()
    for key in (*own, "dynamic_params"):
        if key in facts.module.computed:
            message = f"`{key}` is read without running the module, so it must be written out."
            hint = "Write the value itself, or give the variable another name."
            yield Problem(message, hint, facts.module.source, facts.module.computed[key])
    value = facts.module.literals.data.get("dynamic_params", True)
    if not isinstance(value, bool):
        line = facts.module.literals.line_of(("dynamic_params",))
        message = f"`dynamic_params` is {shown(value)}, which is not true or false."
        yield Problem(message, "Write dynamic_params = False.", facts.module.source, line)


def _not_found_has_a_url(facts: Facts) -> Iterator[Problem]:
    if facts.name.not_found and not facts.pattern.is_static:
        yield facts.problem(
            f"A not-found page serves a fixed part of the site, and {facts.pattern} is not one.",
            "Move it to a folder without [ ] in its path.",
        )


def _server_paths_are_reserved(facts: Facts) -> Iterator[Problem]:
    first = facts.pattern.segments[0].value if facts.pattern.segments else ""
    if first == "_isrgen":
        yield facts.problem("Paths below /_isrgen/ belong to the server.", "Choose another name.")


CHECKS: Final[tuple[Callable[[Facts], Iterator[Problem]], ...]] = (
    _api_needs_python,
    _api_needs_methods,
    _module_needs_loader,
    _static_pages_have_no_cache,
    _dynamic_static_pages_need_params,
    _tags_name_parameters,
    _template_is_for_modules,
    _module_beside_body_has_no_cache,
    _functions_ask_for_what_there_is,
    _declarations_are_literal,
    _not_found_has_a_url,
    _server_paths_are_reserved,
)
