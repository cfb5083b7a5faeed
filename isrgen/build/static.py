"""``dist/static``: everything that any web server can send as it lies there."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from isrgen.build import assets as fingerprints
from isrgen.build.output import Files, write_file
from isrgen.build.pages import Pages, Task
from isrgen.build.sitemap import sitemaps
from isrgen.errors import IsrgenError, Problem
from isrgen.handlers.header_rules import HeaderRules
from isrgen.http.headers import Headers
from isrgen.manifest import HeaderRule, NotFound
from isrgen.routing.strategy import Strategy
from isrgen.site.model import Site


class Static:
    """Writes below ``folder`` and remembers what it wrote, what is wrong and what is doubtful."""

    def __init__(self, site: Site, folder: Path, jobs: int) -> None:
        self._site = site
        self._folder = folder
        self._jobs = jobs
        self._problems: list[Problem] = []
        self.files = Files()
        self.warnings: list[Problem] = []
        folder.mkdir()

    @property
    def problems(self) -> list[Problem]:
        return [*self._problems, *self.files.problems]

    def write_assets(self) -> dict[str, str]:
        """Fingerprint the assets; the URL of each by its name. Raises IsrgenError."""
        root = self._site.config.root
        found = fingerprints.fingerprint(root / fingerprints.FOLDER, self._site.assets)
        for asset in found.values():
            file = write_file(self._folder, asset.path, asset.url, asset.content, immutable=True)
            self.files.add(file, f"{fingerprints.FOLDER}/{asset.name}")
        return {name: asset.url for name, asset in found.items()}

    def copy_files(self, rules: Iterable[HeaderRule]) -> None:
        compiled = HeaderRules(rules)
        for copied in self._site.files:
            content, headers = (self._site.config.root / copied.source).read_bytes(), Headers()
            compiled.apply(headers, f"/{copied.path}")
            url = url_of(copied.path)
            try:
                file = write_file(self._folder, copied.path, url, content, headers=headers.pairs())
            except IsrgenError as error:
                self._problems.extend(error.problems)
            else:
                self.files.add(file, copied.source)

    def write_pages(self, pages: Pages, tasks: Iterable[Task]) -> None:
        for result in pages.write_static(self._folder, tasks, self._jobs):
            self._problems.extend(result.problems)
            self.warnings.extend(result.warnings)
            if result.file is not None:
                self.files.add(result.file, result.file.route or "")

    def write_not_found(self, pages: Pages, found: Iterable[NotFound]) -> None:
        """Each not-found page, and isrgen's own at the root where the site has none."""
        wanted = {page.file: page for page in found}
        wanted.setdefault("404.html", NotFound("/", "", "404.html"))
        for page in wanted.values():
            try:
                file = pages.not_found(self._folder, page)
            except IsrgenError as error:
                self._problems.extend(error.problems)
            else:
                self.files.add(file, page.page or "isrgen's own not-found page")

    def write_sitemap(self) -> None:
        """``sitemap.xml``, unless the site brings its own."""
        pages = [page for page in self._site.pages if page.meta.sitemap]
        shown = {
            page.url: page.meta.updated or page.meta.date
            for page in pages
            if page.url and page.strategy in (Strategy.SSG, Strategy.ISR)
        }
        sources = {page.source for page in pages}
        for file in self.files.sorted():
            if file.route in sources and file.status == 200:
                shown.setdefault(file.url, None)
        for name, content in sitemaps(self._site.config.base_url.rstrip("/"), shown.items()).items():
            if name not in self.files:
                self.files.add(write_file(self._folder, name, f"/{name}", content), name)


def url_of(path: str) -> str:
    """The URL of a copied file; ``index.html`` is its folder's.

    >>> url_of("demo/index.html"), url_of("a b.png")
    ('/demo/', '/a%20b.png')
    """
    if path == "index.html" or path.endswith("/index.html"):
        path = path.removesuffix("index.html")
    return quote(f"/{path}")
