"""What a Markdown engine owes, and where it is found.

An engine turns text into HTML and facts. It knows nothing of the site: links
and shortcodes are handed to the page's hooks, with the line they stand on.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from isrgen.errors import IsrgenError
from isrgen.render.shortcodes import Call
from isrgen.render.toc import Title

_NOT_ENGINES = ("engine",)


@dataclass(frozen=True, slots=True)
class Options:
    """``html`` lets raw HTML through; ``typographer`` makes quotes and dashes typographic."""

    html: bool = True
    typographer: bool = False


@dataclass(frozen=True, slots=True)
class Rendered:
    """HTML and what was found in it. ``summary`` is HTML, ``titles`` are the headings in order."""

    html: str
    summary: str = ""
    titles: tuple[Title, ...] = ()
    words: int = 0


class PageHooks(Protocol):
    """What the engine asks while it renders; lines count from 1 in the text it was given."""

    def link(self, target: str, line: int) -> str:
        """The URL for the target of a link or an image."""

    def is_paired(self, name: str) -> bool:
        """Whether the shortcode has content, and a closing tag after it."""

    def shortcode(self, call: Call, content: str | None) -> str:
        """The HTML of a shortcode around this HTML."""

    def problem(self, message: str, hint: str, line: int) -> None: ...


class MarkdownEngine(Protocol):
    """Render ``text``; the same text, options and hooks always give the same result."""

    def render(self, text: str, options: Options, hooks: PageHooks) -> Rendered: ...


@cache
def engine_names() -> dict[str, str]:
    """What people call each engine, and the module that holds it."""
    package = importlib.import_module("isrgen.render.markdown")
    modules = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    return {
        module.replace("_", "-"): module
        for module in modules
        if module not in _NOT_ENGINES and not module.startswith("_")
    }


def load_engine(name: str) -> MarkdownEngine:
    """The engine in the file of this name; raises IsrgenError that lists the choices."""
    names = engine_names()
    if name not in names:
        raise IsrgenError(
            f"There is no Markdown engine called {name!r}.", f"Choose one of: {', '.join(sorted(names))}."
        )
    engine: MarkdownEngine = importlib.import_module(f"isrgen.render.markdown.{names[name]}").Engine()
    return engine
