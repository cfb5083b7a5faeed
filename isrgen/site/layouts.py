"""Which template a page is put into."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final

from isrgen.config.table import Table, suggestion
from isrgen.site.metadata import NO_LAYOUT
from isrgen.site.page import FrontMatter, Kind

DEFAULT: Final = "page.html"


class Layouts:
    """The templates of a site, by name below ``templates/``."""

    def __init__(self, templates: Sequence[str]) -> None:
        self._names = frozenset(templates)
        self._nearest = cache(self._find_nearest)

    def of(self, kind: Kind, meta: FrontMatter, section: str, table: Table) -> str | None:
        """The layout that is asked for, else the nearest ``page.html``, else None.

        A page without a body renders its ``template``, and needs no layout.
        """
        if kind is Kind.API:
            return None
        self._check(meta.template, "template", table)
        if meta.layout is not None:
            self._check(None if meta.layout == NO_LAYOUT else meta.layout, "layout", table)
            return None if meta.layout == NO_LAYOUT else meta.layout
        return None if kind is Kind.MODULE else self._nearest(section)

    def _find_nearest(self, section: str) -> str | None:
        parts = section.split("/") if section else []
        for length in range(len(parts), -1, -1):
            name = "/".join([*parts[:length], DEFAULT])
            if name in self._names:
                return name
        return None

    def _check(self, name: str | None, key: str, table: Table) -> None:
        if name is None or name in self._names:
            return
        choices = [choice for choice in self._names if not choice.startswith("shortcodes/")]
        hint = suggestion(name, choices) if choices else "Write it, or leave the key out."
        table.report(key, f"There is no template templates/{name}.", hint)
