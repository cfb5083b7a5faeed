"""One page: its body, put into its layout."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from markupsafe import Markup

from isrgen.errors import IsrgenError, Problem
from isrgen.render.inputs import Inputs
from isrgen.render.templates import FOLDER, Templates
from isrgen.site.entry import Entry

RESERVED: Final = frozenset({"page", "site", "data", "params", "request", "content", "asset", "url"})
"""The names every template has; a loader cannot give them another meaning."""


def with_loaded(variables: Mapping[str, Any], loaded: Mapping[str, Any], file: str) -> dict[str, Any]:
    """``variables`` and what the loader in ``file`` returned; raises IsrgenError for a reserved name."""
    problems = [
        Problem(
            f"The loader returns {key!r}, which is a name that every template has already.",
            f"Give it another name; reserved are: {', '.join(sorted(RESERVED))}.",
            file=file,
        )
        for key in loaded
        if key in RESERVED
    ]
    problems += [
        Problem(f"The loader returns the key {key!r}; a name in a template is text.", file=file)
        for key in loaded
        if not isinstance(key, str)
    ]
    if problems:
        raise IsrgenError(problems)
    return {**variables, **loaded}


def render_page(
    entry: Entry, variables: Mapping[str, Any], templates: Templates, inputs: Inputs | None = None
) -> str:
    """The page's HTML; ``inputs`` is told of the templates it took.

    A body template that extends a layout, or whose output starts with
    ``<!doctype``, is the whole page, and so is a layout that a module names as
    its ``template``. Anything else becomes ``content`` in the page's layout.
    """
    if entry.template is not None:
        body = templates.render(entry.template, {"content": Markup(), **variables}, inputs)
        if entry.template.startswith(FOLDER) or entry.template in templates.whole or _is_document(body):
            return body
    else:
        body = "" if entry.content is None else str(entry.content)
    if entry.layout is None:
        return body
    name = entry.layout if entry.layout in templates.names else FOLDER + entry.layout
    variables = {**variables, "content": Markup(body)}  # noqa: S704  (it is HTML by now)
    return templates.render(name, variables, inputs)


def _is_document(html: str) -> bool:
    return html.lstrip()[:9].lower() == "<!doctype"
