"""The Python modules of a site: page modules by file, and ``_lib`` by import.

Page modules are loaded once, under a name of their own. What lies below
``content/`` under a name that begins with ``_`` may be imported by the site's
code (``from _lib.posts import get_post``). Several sites in one process do not
mix: ``sys.modules`` holds the shared names of one site at a time, and the
``import`` statements of a site's code bring its own ones back first.
"""

from __future__ import annotations

import builtins
import hashlib
import importlib.util
import re
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from itertools import count
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, Final

from isrgen.errors import IsrgenError
from isrgen.handlers.blame import problem_of
from isrgen.http.context import set_data_roots

_IMPORTS: Final = threading.RLock()
_NUMBERS: Final = count(1)


class _SiteLoader(SourceFileLoader):
    """Loads a file of a site, never from or to ``__pycache__``: nothing is written beside content.

    ``__builtins__`` is in place before the code runs, so that every function
    defined in it imports as its own site does.
    """

    def __init__(self, name: str, path: str, names: dict[str, Any]) -> None:
        super().__init__(name, path)
        self._names = names

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self.get_data(self.path), self.path)

    def exec_module(self, module: ModuleType) -> None:
        module.__dict__["__builtins__"] = self._names
        super().exec_module(module)


class _Finder:
    """Finds the shared modules of the site that is active now."""

    active: Modules | None = None

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return None if self.active is None else self.active.find_spec(name, path)


_FINDER: Final = _Finder()


class Modules:
    """The modules of the site at ``root``; safe to ask from any thread."""

    def __init__(self, root: Path, data_roots: Sequence[Path] = ()) -> None:
        self._root = root.resolve()
        self._content = self._root / "content"
        self._data_roots = tuple(data_roots)
        self._prefix = f"_isrgen_site_{next(_NUMBERS)}"
        self._pages: dict[str, ModuleType] = {}
        self._shared: dict[str, ModuleType] = {}
        self._builtins: dict[str, Any] = {**vars(builtins), "__import__": self._import}

    def loaded(self, source: str) -> ModuleType | None:
        """The module of this file, if it was loaded before."""
        return self._pages.get(source)

    def load(self, source: str) -> ModuleType:
        """The module of the file ``source``, relative to the site.

        Raises IsrgenError with the line at fault when it is not there, is not
        Python, or raises while it is imported; it is tried again next time.
        """
        found = self._pages.get(source)
        if found is not None:
            return found
        with self._active():
            if source not in self._pages:
                self._pages[source] = self._execute(source)
            return self._pages[source]

    def close(self) -> None:
        """Forget every module; the next site in this process starts clean."""
        with _IMPORTS:
            if _FINDER.active is self:
                self._put_away()
                _FINDER.active = None
            for module in self._pages.values():
                sys.modules.pop(module.__name__, None)
            self._pages.clear()
            self._shared.clear()

    def find_spec(self, name: str, path: Sequence[str] | None) -> ModuleSpec | None:
        """The spec of a shared module of this site; None for everybody else's."""
        if path is None and not name.startswith("_"):
            return None
        places = [str(self._content)] if path is None else [place for place in path if self._holds(place)]
        spec = PathFinder.find_spec(name, places) if places else None
        if spec is not None and isinstance(spec.loader, SourceFileLoader) and spec.origin:
            spec.loader = _SiteLoader(name, spec.origin, self._builtins)
            spec.cached = None
        return spec

    def _holds(self, place: str) -> bool:
        return Path(place).is_relative_to(self._content)

    def _execute(self, source: str) -> ModuleType:
        file = self._root / source
        name = f"{self._prefix}_{_identifier(source)}"
        if not file.is_file():
            raise IsrgenError(
                f"The module {source} is not there.", "Build the site again with `isrgen build`."
            )
        loader = _SiteLoader(name, str(file), self._builtins)
        spec = importlib.util.spec_from_file_location(name, file, loader=loader)
        if spec is None:
            raise IsrgenError(f"The module {source} cannot be loaded.", "Its name must end in .py.")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            loader.exec_module(module)
        except (Exception, SystemExit) as error:
            del sys.modules[name]
            raise IsrgenError(problem_of(error, self._root, "Importing this file", source)) from error
        return module

    def _import(
        self,
        name: str,
        globals: Mapping[str, object] | None = None,  # noqa: A002  (the names of __import__)
        locals: Mapping[str, object] | None = None,  # noqa: A002
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        if not name.startswith("_") and level == 0:
            return builtins.__import__(name, globals, locals, fromlist or (), level)
        with self._active():
            return builtins.__import__(name, globals, locals, fromlist or (), level)

    @contextmanager
    def _active(self) -> Iterator[None]:
        """Hold the imports of this process, with this site's shared modules in place."""
        with _IMPORTS:
            if _FINDER not in sys.meta_path:
                sys.meta_path.insert(0, _FINDER)
            if _FINDER.active is not self:
                if _FINDER.active is not None:
                    _FINDER.active._put_away()
                sys.modules.update(self._shared)
                importlib.invalidate_caches()
                _FINDER.active = self
            set_data_roots(*self._data_roots)
            yield

    def _put_away(self) -> None:
        mine = {name: module for name, module in sys.modules.items() if self._is_shared(module)}
        for name in mine:
            del sys.modules[name]
        self._shared = mine

    def _is_shared(self, module: ModuleType) -> bool:
        facts = getattr(module, "__dict__", {})
        if str(facts.get("__name__")).startswith("_isrgen_site_"):
            return False
        places = [facts.get("__file__"), *list(facts.get("__path__") or ())]
        return any(isinstance(place, str) and self._holds(place) for place in places)


def _identifier(source: str) -> str:
    digest = hashlib.sha256(source.encode()).hexdigest()[:8]
    return f"{re.sub(r'[^0-9A-Za-z]+', '_', source.removesuffix('.py'))}_{digest}"
