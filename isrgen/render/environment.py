"""The one set of options for templates, from sources or compiled, and the note of each that is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from jinja2 import (
    BaseLoader,
    ChainableUndefined,
    Environment,
    StrictUndefined,
    Template,
    TemplateNotFound,
)

from isrgen.render.filters import FILTERS
from isrgen.render.inputs import Inputs, loading, note_all, note_template
from isrgen.render.mistakes import FOLDER

EXTENSIONS: Final = ("jinja2.ext.do", "jinja2.ext.loopcontrols")


class SiteTemplate(Template):
    """A template that Jinja2 imports only once, and what it loaded then counts each time."""

    _loaded: tuple[str, ...] | None = None

    def _get_default_module(self, ctx: Any = None) -> Any:
        if self._loaded is None or self._module is None:
            inputs = Inputs()
            with loading(inputs):
                module = super()._get_default_module(ctx)
            self._loaded = tuple(inputs.templates)
        else:
            module = super()._get_default_module(ctx)
        note_all(self._loaded)
        return module


class SiteEnvironment(Environment):
    """The one set of options, for sources and compiled templates alike."""

    template_class = SiteTemplate

    def __init__(self, loader: BaseLoader, names: frozenset[str], *, strict: bool) -> None:
        super().__init__(
            loader=loader,
            autoescape=True,
            undefined=StrictUndefined if strict else ChainableUndefined,
            extensions=EXTENSIONS,
            auto_reload=False,
            cache_size=-1,
        )
        self._names = names
        self.filters.update(FILTERS)

    def get_template(self, name: Any, parent: str | None = None, globals: Any = None) -> Template:  # noqa: A002
        if isinstance(name, str):
            note_template(name if parent is None else self.join_path(name, parent))
        return super().get_template(name, parent, globals)

    def select_template(self, names: Any, parent: str | None = None, globals: Any = None) -> Template:  # noqa: A002
        """The first that is there; those before it are noted as well, for they may come."""
        for name in names if isinstance(names, (list, tuple)) else ():
            if isinstance(name, str):
                note_template(found := self.join_path(name, parent or ""))
                if found in self._names:
                    break
        return super().select_template(names, parent, globals)

    def join_path(self, template: str, parent: str) -> str:
        return template if template in self._names else FOLDER + template

    def handle_exception(self, source: str | None = None) -> Any:
        """Let errors pass as they are: their own frames tell the template's line, compiled ahead or not."""
        raise


class CompiledLoader(BaseLoader):
    """Templates that were compiled to Python; unlike jinja2's own loader it writes no ``__pycache__``."""

    has_source_access = False

    def __init__(self, folder: Path, files: Mapping[str, str]) -> None:
        self._folder = folder
        self._files = files

    def load(
        self,
        environment: Environment,
        name: str,
        globals: Any = None,  # noqa: A002  (jinja2's name for it)
    ) -> Template:
        if name not in self._files:
            raise TemplateNotFound(name)
        path = self._folder / self._files[name]
        namespace: dict[str, Any] = {"__file__": str(path)}
        exec(compile(path.read_bytes(), str(path), "exec"), namespace)  # noqa: S102  (what compile() wrote)
        found = environment.template_class.from_module_dict(
            environment, namespace, environment.make_globals(globals)
        )
        found.filename = name
        return found
