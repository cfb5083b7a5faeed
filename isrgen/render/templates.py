"""Jinja2 templates, from their sources or compiled ahead, with the same behaviour.

A template's name is its file relative to the site: ``templates/post.html``, or
a body such as ``content/blog/[slug]+ssr.html``. In ``extends`` and ``include``
a name without that prefix is looked for below ``templates/``. Whatever goes
wrong in a template is an IsrgenError with the template's own file and line.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin

from jinja2 import BaseLoader, DictLoader, Environment, TemplateSyntaxError, nodes
from jinja2.meta import find_referenced_templates, find_undeclared_variables

from isrgen.errors import IsrgenError, Problem
from isrgen.http.response import Response
from isrgen.render import mistakes
from isrgen.render.environment import EXTENSIONS, CompiledLoader, SiteEnvironment
from isrgen.render.filters import Placed, place
from isrgen.render.inputs import Inputs, loading
from isrgen.render.mistakes import UnknownAssetError

FOLDER: Final = mistakes.FOLDER
INDEX: Final = "index.json"

_REFERENCES: Final = (nodes.Extends, nodes.Include, nodes.Import, nodes.FromImport)


def masked(body: str, line: int) -> str:
    """A body that begins on ``line`` of its file, with a comment in place of what stands above it.

    >>> masked("<p>", 3)
    '{#\\n\\n#}<p>'
    """
    return "{#" + "\n" * (line - 1) + "#}" + body if line > 1 else body


class Templates:
    """The templates of a site. ``whole`` names the bodies that extend a layout themselves."""

    def __init__(
        self,
        loader: BaseLoader,
        names: Iterable[str],
        whole: frozenset[str],
        *,
        strict: bool,
        assets: Mapping[str, str],
        base_url: str,
        sources: Mapping[str, str] | None = None,
        problems: Iterable[Problem] = (),
    ) -> None:
        self.names: Final = frozenset(names)
        self.whole: Final = whole
        self._sources = dict(sources or {})
        self._free: dict[str, frozenset[str]] = {}
        self._problems = tuple(problems)
        self._assets = assets
        self._base_url = base_url.rstrip("/")
        self._environment = SiteEnvironment(loader, self.names, strict=strict)
        self._environment.globals.update(asset=self.asset, url=self.url)
        self._environment.filters["absolute"] = self.absolute

    @classmethod
    def from_sources(
        cls,
        folder: Path | None,
        bodies: Mapping[str, str],
        *,
        strict: bool = False,
        assets: Mapping[str, str] | None = None,
        base_url: str = "",
    ) -> Templates:
        """Every file below ``folder``, and ``bodies`` (source file -> text, see ``masked``)."""
        sources, problems = _read_folder(folder)
        sources.update(bodies)
        reader = Environment(autoescape=True, extensions=EXTENSIONS)
        whole = frozenset(name for name in bodies if _extends(reader, bodies[name]))
        return cls(
            DictLoader(sources),
            sources,
            whole,
            strict=strict,
            assets=assets or {},
            base_url=base_url,
            sources=sources,
            problems=problems,
        )

    @classmethod
    def from_compiled(
        cls,
        folder: Path,
        *,
        strict: bool = False,
        assets: Mapping[str, str] | None = None,
        base_url: str = "",
    ) -> Templates:
        """What ``compile`` wrote; each template is loaded when it is first rendered."""
        try:
            index = json.loads((folder / INDEX).read_bytes())
            files, whole = dict(index["files"]), frozenset(index["whole"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise IsrgenError(
                f"The compiled templates cannot be read: {error}.",
                "Build the site again with `isrgen build`.",
            ) from error
        loader = CompiledLoader(folder, files)
        return cls(loader, files, whole, strict=strict, assets=assets or {}, base_url=base_url)

    def compile(self, folder: Path) -> None:
        """Write every template as Python, with an index; raises IsrgenError with all that is wrong."""
        if problems := self.check():
            raise IsrgenError(problems)
        folder.mkdir(parents=True, exist_ok=True)
        files: dict[str, str] = {}
        for name in sorted(self._sources):
            files[name] = f"t_{sha256(name.encode()).hexdigest()[:24]}.py"
            (folder / files[name]).write_bytes(self._checked[1][name].encode() + b"\n")
        index = {"files": files, "whole": sorted(self.whole)}
        (folder / INDEX).write_bytes(json.dumps(index, ensure_ascii=False, indent=1).encode() + b"\n")

    def check(self) -> tuple[Problem, ...]:
        """Everything that is wrong in any template and can be seen without rendering it."""
        return self._checked[0]

    @cached_property
    def _checked(self) -> tuple[tuple[Problem, ...], dict[str, str]]:
        """What is wrong, and the Python of every template that can be read."""
        found = list(self._problems)
        code: dict[str, str] = {}
        for name in sorted(self._sources):
            try:
                tree = self._environment.parse(self._sources[name], name, name)
                code[name] = self._environment.compile(tree, name, name, raw=True, defer_init=True)
            except TemplateSyntaxError as error:
                found.append(mistakes.syntax(error, name, self._environment))
                continue
            found.extend(self._check_references(tree, name))
        return tuple(found), code

    def render(self, name: str, variables: Mapping[str, Any], inputs: Inputs | None = None) -> str:
        """Render one template. A ``Response`` raised inside passes through; all else is an IsrgenError.

        ``inputs`` is told of every template that this loads.
        """
        try:
            with loading(inputs):
                template = self._environment.get_template(name)
                context = template.new_context(dict(variables))
                return self._environment.concat(template.root_render_func(context))
        except (IsrgenError, Response):
            raise
        except TemplateSyntaxError as error:
            raise IsrgenError(mistakes.syntax(error, name, self._environment)) from error
        except Exception as error:
            problem = mistakes.failure(error, name, variables, names=self.names, assets=self._assets)
            raise IsrgenError(problem) from error

    def texts(self) -> Iterator[str]:
        """The sources, where they are known."""
        yield from self._sources.values()

    def free_names(self, name: str) -> frozenset[str]:
        """The variables a template and what it includes ask for; none where only compiled code is there."""
        if name not in self._free:
            self._free[name] = frozenset(self._free_names(name, set()))
        return self._free[name]

    def _free_names(self, name: str, seen: set[str]) -> set[str]:
        if name in seen or name not in self._sources:
            return set()
        seen.add(name)
        try:
            tree = self._environment.parse(self._sources[name], name, name)
        except TemplateSyntaxError:
            return set()
        found = find_undeclared_variables(tree)
        for wanted in find_referenced_templates(tree):
            if wanted is not None:
                found |= self._free_names(self._environment.join_path(wanted, name), seen)
        return found

    def asset(self, name: str) -> str:
        """The URL of a file below ``assets/``, digest included."""
        try:
            return self.url(self._assets[name])
        except KeyError:
            raise UnknownAssetError(name) from None

    def url(self, target: Any) -> str:
        """The path of a site URL below ``base_url``; other URLs and fragments stay as they are."""
        return Placed(place(str(getattr(target, "url", target)), self._base_url))

    def absolute(self, target: Any) -> str:
        """A site URL with ``base_url`` in front."""
        found = target if isinstance(target, Placed) else self.url(target)
        return urljoin(self._base_url, found) if found.startswith("/") and found[1:2] != "/" else found

    def _check_references(self, tree: nodes.Template, name: str) -> Iterator[Problem]:
        for node in tree.find_all(_REFERENCES):
            wanted = getattr(node, "template", None)
            if not isinstance(wanted, nodes.Const) or getattr(node, "ignore_missing", False):
                continue
            if self._environment.join_path(str(wanted.value), name) not in self.names:
                yield mistakes.no_template(str(wanted.value), self.names, name, node.lineno)
        for call in tree.find_all(nodes.Call):
            if not isinstance(call.node, nodes.Name) or call.node.name != "asset" or len(call.args) != 1:
                continue
            asset = call.args[0]
            if isinstance(asset, nodes.Const) and asset.value not in self._assets:
                yield mistakes.no_asset(str(asset.value), self._assets, name, call.lineno)


def _extends(reader: Environment, source: str) -> bool:
    try:
        return reader.parse(source).find(nodes.Extends) is not None
    except TemplateSyntaxError:
        return False


def _read_folder(folder: Path | None) -> tuple[dict[str, str], list[Problem]]:
    sources: dict[str, str] = {}
    problems: list[Problem] = []
    for path in sorted(folder.rglob("*")) if folder is not None else ():
        parts = path.relative_to(folder or path).parts
        if any(part.startswith(".") for part in parts) or not path.is_file():
            continue
        name = FOLDER + "/".join(parts)
        try:
            sources[name] = path.read_text("utf-8-sig")
        except UnicodeDecodeError:
            hint = "Save it as UTF-8; files that are not templates belong in static/ or assets/."
            problems.append(Problem("The template is not UTF-8.", hint, file=name))
        except OSError as error:
            problems.append(Problem(f"The template cannot be read: {error.strerror}.", file=name))
    return sources, problems
