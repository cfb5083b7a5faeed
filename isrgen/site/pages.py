"""Read the files of one page and judge them: ``PageReader.read(group)``.

Contradictions are problems with the way out; a page is given back as long as
enough of it can be read, so that problems between pages are found as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from isrgen.config import Config
from isrgen.config.redirects import read_target
from isrgen.config.table import Document, Table
from isrgen.errors import IsrgenError, Problem
from isrgen.routing.pattern import Pattern
from isrgen.routing.strategy import Claims, Mode, Strategy
from isrgen.site.front_matter import Split, split_front_matter
from isrgen.site.judge import Facts, judge
from isrgen.site.layouts import Layouts
from isrgen.site.metadata import KEYS, Metadata, read_metadata
from isrgen.site.module import Module, read_module
from isrgen.site.names import BadNameError, Name, parse_file
from isrgen.site.page import Kind, Page
from isrgen.site.reading import read_text
from isrgen.site.routes import Rules, decide, merge_headers, pattern_of, permalink_of, url_of
from isrgen.site.source import Group

_KINDS: Final = {".md": Kind.MARKDOWN, ".html": Kind.TEMPLATE}
_API_KEYS: Final = frozenset({"cache", "headers", "title", "description", "dynamic_params"})
_ROUTER_KEYS: Final = frozenset({"dynamic_params", "static_pages"})


class PageReader:
    """Reads pages of one site; problems go to the list it was given.

    ``alias_lines`` says where a page asks for redirects.
    """

    def __init__(self, config: Config, templates: Sequence[str], problems: list[Problem]) -> None:
        self._config = config
        self._root: Path = config.root
        self._rules = Rules(config.rules)
        self._layouts = Layouts(templates)
        self._problems = problems
        self.alias_lines: dict[str, int | None] = {}

    def read(self, group: Group) -> list[Page]:
        """The page of a group of files; two where ``.md`` and ``.html`` lie side by side."""
        try:
            name = parse_file(group.stem)
        except BadNameError as error:
            file = next(iter(group.files.values()))
            self._problems.append(Problem(f"This file has no route: {error}.", error.hint, file))
            return []
        bodies = [extension for extension in group.files if extension in _KINDS]
        module = self._module(group)
        pages = [self._page(group, name, extension, module) for extension in bodies or [".py"]]
        return [page for page in pages if page is not None]

    def _module(self, group: Group) -> Module | None:
        source = group.files.get(".py")
        if source is None:
            return None
        try:
            return read_module(read_text(self._root, source), source)
        except IsrgenError as error:
            self._problems.extend(error.problems)
            return None

    def _page(self, group: Group, name: Name, extension: str, module: Module | None) -> Page | None:
        source = group.files[extension]
        if extension == ".py":
            if module is None:
                return None
            kind = _module_kind(group, name)
            return self._make(group, name, kind, module, _bare(module, kind), source)
        try:
            split = split_front_matter(read_text(self._root, source), source)
        except IsrgenError as error:
            self._problems.extend(error.problems)
            return None
        return self._make(group, name, _KINDS[extension], module, split, source)

    def _make(
        self, group: Group, name: Name, kind: Kind, module: Module | None, split: Split, source: str
    ) -> Page | None:
        folder = group.folder
        table = Table(split.document, self._problems)
        is_index = group.stem.partition("+")[0] == "index"
        day = name.day or (folder.day if is_index else None)
        metadata = read_metadata(table, self._config.presets, day)
        pattern = self._pattern(group, name, kind, metadata, source)
        if pattern is None:
            return None
        ruled = self._rules.of(pattern)
        claims = Claims(name.mode, folder.mode, metadata.mode)
        if name.not_found:
            claims = Claims(suffix=Mode.SSG)
        decided = decide(self._config, claims, ruled, metadata, pattern)
        facts = Facts(source, kind, name, folder, pattern, decided, metadata, module)
        if not judge(facts, self._problems):
            return None
        if metadata.meta.redirect is not None:
            read_target(table, "redirect", pattern.params)
        if metadata.meta.aliases or metadata.meta.redirect:
            self.alias_lines[source] = table.line_of("aliases" if metadata.meta.aliases else "redirect")
        is_static = decided.strategy is Strategy.SSG
        return Page(
            source=source,
            kind=kind,
            pattern=pattern,
            url=url_of(pattern),
            strategy=decided.strategy,
            because="the name +not-found" if name.not_found else decided.because,
            policy=decided.policy,
            meta=metadata.meta,
            body=split.body,
            body_line=split.body_line,
            module=None if module is None else module.source,
            layout=self._layouts.of(kind, metadata.meta, folder.section, table),
            section=folder.section,
            middleware=() if is_static else folder.middleware,
            headers=merge_headers(ruled.headers, metadata.meta.headers),
            methods=module.methods if module is not None and kind is Kind.API else (),
            has_static_params=module is not None and "static_params" in module.names,
            dynamic_params=_dynamic_params(module),
            not_found=url_of(pattern_of(folder.segments, True)) if name.not_found else None,
        )

    def _pattern(
        self, group: Group, name: Name, kind: Kind, metadata: Metadata, source: str
    ) -> Pattern | None:
        segments = group.folder.segments + ((name.segment,) if name.segment else ())
        slash = self._config.trailing_slash and kind is not Kind.API
        table = metadata.table
        try:
            pattern = pattern_of(segments, slash)
        except ValueError as error:
            message = f"This file has no route: {error}."
            self._problems.append(Problem(message, "Rename it or one of its folders.", source))
            return None
        if metadata.meta.permalink is None or name.not_found:
            return pattern
        try:
            return permalink_of(metadata.meta.permalink, pattern, slash)
        except ValueError as error:
            written = metadata.meta.permalink
            hint = "Write a path from the root of the site: permalink: /news/tea/."
            table.report("permalink", f'`permalink` is "{written}": {error}.', hint)
            return None


def _module_kind(group: Group, name: Name) -> Kind:
    """A module alone is an API route where its name, else its folder, says so."""
    mode = name.mode or (group.folder.mode[0] if group.folder.mode else None)
    return Kind.API if mode is Mode.API and not name.not_found else Kind.MODULE


def _bare(module: Module, kind: Kind) -> Split:
    """A module's literals as front matter: isrgen's keys, and for pages the free ones in lower case."""
    wanted = {
        key: value
        for key, value in module.literals.data.items()
        if key not in _ROUTER_KEYS
        and (key in _API_KEYS if kind is Kind.API else key in KEYS or _is_free(key))
    }
    return Split(Document(module.source, wanted, module.literals.line_of), "", 1)


def _is_free(key: str) -> bool:
    return key.islower() and not key.startswith("_")


def _dynamic_params(module: Module | None) -> bool:
    return module is None or module.literals.data.get("dynamic_params", True) is not False
