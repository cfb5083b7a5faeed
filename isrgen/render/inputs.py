"""What one render read, as cache tags: pages, collections, terms and data by its view, and templates.

Jinja2 loads templates while another one runs and tells nobody for whom; the
render under way is therefore a context variable.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from isrgen.caching.automatic import template_tag
from isrgen.site.view import SiteView


@dataclass(slots=True)
class Inputs:
    """``site`` is the view that the render looks through; ``templates`` are the names it loaded."""

    site: SiteView | None = None
    templates: dict[str, None] = field(default_factory=dict)

    @property
    def tags(self) -> tuple[str, ...]:
        """The automatic tags of the page, those of templates last."""
        read = () if self.site is None else self.site.reads
        return (*read, *map(template_tag, tuple(self.templates)))


_current: ContextVar[Inputs | None] = ContextVar("isrgen_inputs", default=None)


@contextmanager
def loading(inputs: Inputs | None) -> Iterator[None]:
    """Note in ``inputs`` which templates are loaded meanwhile."""
    before = _current.set(inputs)
    try:
        yield
    finally:
        _current.reset(before)


def note_template(name: str) -> None:
    inputs = _current.get()
    if inputs is not None:
        inputs.templates[name] = None


def note_all(names: Iterable[str]) -> None:
    for name in names:
        note_template(name)
