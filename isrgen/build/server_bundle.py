"""``dist/server``: the small server, whole in one folder.

It holds isrgen's own runtime modules, the compiled templates, the content
snapshot, and the Python of the routes that are rendered on demand. Jinja2 is
the only thing that it needs from outside, besides what the site asks for.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from isrgen.errors import IsrgenError, Problem
from isrgen.manifest import Route
from isrgen.render.templates import Templates
from isrgen.site.snapshot import Snapshot

RUNTIME: Final = (
    "__init__.py",
    "errors.py",
    "manifest.py",
    "caching/*.py",
    "edge/*.py",
    "edge/origins/*.py",
    "edge/redis/*.py",
    "edge/stores/*.py",
    "handlers/*.py",
    "http/*.py",
    "render/__init__.py",
    "render/environment.py",
    "render/filters.py",
    "render/inputs.py",
    "render/mistakes.py",
    "render/page.py",
    "render/templates.py",
    "routing/*.py",
    "server/*.py",
    "site/__init__.py",
    "site/data_view.py",
    "site/entry.py",
    "site/frozen.py",
    "site/listing.py",
    "site/snapshot.py",
    "site/view.py",
)
"""The modules of isrgen that the server runs on."""

REQUIREMENTS: Final = ("jinja2>=3.1.5",)

APP: Final = '''"""The server of this site: `granian app:app` (RSGI or ASGI) or `uvicorn app:app`."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT))

from isrgen.server.app import create_app, settings_from  # noqa: E402

app = create_app(ROOT, settings_from(os.environ, ROOT))
'''


def write_runtime(folder: Path) -> None:
    """Copy isrgen's runtime modules into ``folder/isrgen``."""
    package = Path(__file__).resolve().parent.parent
    for pattern in RUNTIME:
        for file in sorted(package.glob(pattern)):
            _copy(file, folder / "isrgen" / file.relative_to(package))
    (folder / "app.py").write_text(APP, encoding="utf-8")


def write_site(
    folder: Path, root: Path, routes: Iterable[Route], snapshot: Snapshot, templates: Templates
) -> None:
    """Write what is the site's own: snapshot, templates, modules."""
    snapshot.write(folder)
    templates.compile(folder / "templates")
    for name in sorted(_modules(root, routes)):
        _copy(root / name, folder / name)


def _modules(root: Path, routes: Iterable[Route]) -> set[str]:
    """The site's Python that runs on demand, and everything in folders named with ``_``."""
    wanted = {name for route in routes for name in (route.module, *route.middleware) if name}
    for place, folders, names in os.walk(root / "content"):
        folders[:] = sorted(name for name in folders if name != "__pycache__" and not name.startswith("."))
        relative = Path(place).relative_to(root)
        if any(part.startswith("_") for part in relative.parts):
            wanted |= {(relative / name).as_posix() for name in names if not name.endswith(".pyc")}
    return wanted


def write_included(folder: Path, root: Path, config_file: str, names: Iterable[str]) -> None:
    """Copy the files and folders of ``[server] include`` to ``folder/files``.

    Raises IsrgenError for one that is not there or leaves the site.
    """
    problems = []
    for name in names:
        source = (root / name).resolve()
        if not source.is_relative_to(root.resolve()) or source == root.resolve():
            problems.append(_problem(config_file, name, "lies outside the site", "Move it into the site."))
        elif source.is_dir():
            for file in sorted(path for path in source.rglob("*") if path.is_file()):
                _copy(file, folder / "files" / name / file.relative_to(source))
        elif source.is_file():
            _copy(source, folder / "files" / name)
        else:
            problems.append(_problem(config_file, name, "is not there", "Add the file, or remove its name."))
    if problems:
        raise IsrgenError(problems)


def _problem(config_file: str, name: str, what: str, hint: str) -> Problem:
    return Problem(f"`[server] include` names {name!r}, which {what}.", hint, config_file)


def write_requirements(folder: Path, root: Path) -> tuple[str, ...]:
    """Write ``requirements.txt`` and return its lines: Jinja2, then what the site itself asks for."""
    own = root / "requirements.txt"
    lines = own.read_text(encoding="utf-8").splitlines() if own.is_file() else []
    asked = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    requirements = (*REQUIREMENTS, *(line for line in asked if line not in REQUIREMENTS))
    (folder / "requirements.txt").write_text("\n".join(requirements) + "\n", encoding="utf-8")
    return requirements


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
