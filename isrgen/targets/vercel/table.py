"""``config.json``: the routes in the order in which Vercel tries them, and the overrides.

1. redirects; files and static pages in their other slash form (308)
2. headers by rule, then of files; hashed assets are immutable (``continue``)
3. our own outputs, asked for by name: 404
4. requests that a cached page must not answer: internal parameters from
   outside, ``Authorization``, draft visitors, one route per bypass cookie. They go to the
   plain function, marked ``__isr_bypass``
5. the filesystem; then 4. again for the routes, such as ``/[...path]/``, that
   also match static files: before it they would take those files' visitors
6. on-demand routes in match order: prerenders for GET and HEAD, the plain
   function for the rest; then each in its other slash form (308)
7. not-found pages, the longest prefix first

Everything that would be one route per page is one alternation per strategy.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any, Final
from urllib.parse import unquote

from isrgen.caching.fields import IMMUTABLE
from isrgen.caching.policy import DRAFT_COOKIE
from isrgen.manifest import Manifest, OutputFile
from isrgen.routing.priority import sort_key
from isrgen.targets.routes import (
    ANY,
    SEGMENT,
    bare,
    canonical,
    encoded_literal,
    header_sources,
    literal_path,
    redirect_rules,
    union,
)
from isrgen.targets.vercel.plan import PRERENDER, SERVER, Planned

MAX_SOURCE: Final = 4096
"""The longest ``src`` that Vercel's schema takes."""

PATH: Final = "__isr_path"
BYPASS: Final = "__isr_bypass"
_ROOM: Final = MAX_SOURCE - 64

# The suffixes whose type Vercel guesses as the manifest says it.
_KNOWN_TYPES: Final = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".txt": "text/plain",
    ".xml": "application/xml",
    ".woff2": "font/woff2",
    ".ico": "image/vnd.microsoft.icon",
}

Table = list[dict[str, Any]]


def config_json(manifest: Manifest, planned: Sequence[Planned]) -> dict[str, Any]:
    """The whole of ``config.json``."""
    found: dict[str, Any] = {"version": 3, "routes": routes(manifest, planned)}
    overrides = _overrides(manifest)
    if overrides:
        found["overrides"] = overrides
    return found


def routes(manifest: Manifest, planned: Sequence[Planned]) -> Table:
    """The route table."""
    shadowed = [item for item in planned if _matches_a_file(item, manifest)]
    clear = [item for item in planned if item not in shadowed]
    return [
        *_redirects(manifest),
        *_static_slashes(manifest),
        *_headers(manifest),
        *(_own_outputs() if planned else []),
        *_bypasses(clear),
        {"handle": "filesystem"},
        *_bypasses(shadowed),
        *_on_demand(planned),
        *_errors(manifest),
    ]


def _matches_a_file(item: Planned, manifest: Manifest) -> bool:
    source = re.compile(canonical(item.route.pattern))
    return any(source.fullmatch(file.url) for file in manifest.files)


def _route(src: str, **more: Any) -> dict[str, Any]:
    return {"src": src, "caseSensitive": True, **more}


def _to(src: str, location: str, status: int = 308) -> dict[str, Any]:
    return _route(src, status=status, headers={"Location": location})


def _redirects(manifest: Manifest) -> Table:
    ordered = sorted(manifest.redirects, key=lambda redirect: sort_key(redirect.source))
    return [
        _to(source, location, redirect.status)
        for redirect in ordered
        for source, location in redirect_rules(redirect)
    ]


def _is_page(file: OutputFile) -> bool:
    return file.path.endswith(".html") and file.status == 200 and file.url != "/"


def _static_slashes(manifest: Manifest) -> Table:
    """The other slash form of each static page, and ``index.html`` spelled out.

    The filesystem answers ``/a`` and ``/a/`` alike from ``a/index.html``, so
    these come before it; and they name the pages, so that no redirect leads
    to a 404, nor back to where it came from.
    """
    pages = [file.url for file in manifest.files if _is_page(file)]
    longer = [encoded_literal(url[:-1]) for url in pages if url.endswith("/")]
    shorter = [encoded_literal(url) for url in pages if not url.endswith("/")]
    found = [_to(f"^({text})$", "$1/") for text in union(longer, _ROOM)]
    found += [_to(f"^({text})/$", "$1") for text in union(shorter, _ROOM)]
    spelled = [
        encoded_literal(file.url)
        for file in manifest.files
        if file.path.endswith("index.html") and file.url.endswith("/")
    ]
    found += [_to(f"^({text})index\\.html$", "$1") for text in union(spelled, _ROOM)]
    return found


def _headers(manifest: Manifest) -> Table:
    """Headers by rule, then those of files, which win; each with ``continue``.

    What a function sends itself wins over both.
    """
    found: Table = []
    for source, rule in header_sources(manifest.header_rules):
        if rule.headers:
            found.append(_route(source, headers=dict(rule.headers), **{"continue": True}))
    own = sorted((_file_headers(file), file.url) for file in manifest.files if _file_headers(file))
    for headers, files in groupby(own, key=lambda item: item[0]):
        sources = (encoded_literal(url) for _, url in files)
        for text in union(sources, _ROOM):
            found.append(_route(f"^(?:{text})$", headers=dict(headers), **{"continue": True}))
    return found


def _file_headers(file: OutputFile) -> tuple[tuple[str, str], ...]:
    keep = (("Cache-Control", IMMUTABLE),) if file.immutable else ()
    return (*file.headers, *keep)


def _own_outputs() -> Table:
    """Outputs of ours are not for visitors; the admin endpoints are the plain function's."""
    return [
        _route(f"^/(?:{PRERENDER}|{SERVER})(?:/.*)?$", status=404),
        _route(f"^(?<{PATH}>/_isrgen(?:/{ANY})?)$", dest=_bypass()),
    ]


def _bypasses(planned: Sequence[Planned]) -> Table:
    """Requests that a cached page must not answer, and those that say what only we may say."""
    found: Table = []
    for name in (PATH, BYPASS):
        found += _has((canonical(item.route.pattern) for item in planned), {"type": "query", "key": name})
    kept = [item for item in planned if item.function]
    found += _has(
        (canonical(item.route.pattern) for item in kept), {"type": "header", "key": "authorization"}
    )
    found += _has((canonical(item.route.pattern) for item in kept), {"type": "cookie", "key": DRAFT_COOKIE})
    for cookie in sorted({name for item in kept for name in item.route.policy.bypass_cookies}):
        listing = [item for item in kept if cookie in item.route.policy.bypass_cookies]
        found += _has((canonical(item.route.pattern) for item in listing), {"type": "cookie", "key": cookie})
    return found


def _has(alternatives: Iterable[str], condition: dict[str, str]) -> Table:
    return [
        _route(f"^(?<{PATH}>{text})$", has=[condition], dest=_bypass()) for text in union(alternatives, _ROOM)
    ]


def _bypass() -> str:
    return f"/{SERVER}?{PATH}=${PATH}&{BYPASS}=1"


def _on_demand(planned: Sequence[Planned]) -> Table:
    """Each route's canonical path, then its other slash form.

    Paths are matched by segments and in order, so both forms of a route come
    before the next one; neighbours that agree about their slash and their
    output share one expression.
    """
    found: Table = []
    for slash, run in groupby(planned, key=lambda item: item.route.pattern.slash):
        same = list(run)
        for prerendered, items in groupby(same, key=lambda item: bool(item.function)):
            if prerendered:
                found += [route for item in items for route in _prerender(item)]
            else:
                found += _plain(canonical(item.route.pattern) for item in items)
        found += _other_slash(same, slash)
    return found


def _prerender(item: Planned) -> Table:
    """The pages rendered ahead each have a prerender of their own; then come all the others."""
    src = f"^(?<{PATH}>{canonical(item.route.pattern, named=True)})$"
    own = [name.rsplit("/", 1)[1] for name, _ in item.ahead if name != item.function]
    name = item.route.pattern.params[0] if own else ""
    found = []
    for values in union(own, MAX_SOURCE // 2):
        dest = f"/{item.function}/${name}?{PATH}=${PATH}"
        found.append(_route(src.replace(SEGMENT, values), methods=["GET", "HEAD"], dest=dest))
    return [
        *found,
        _route(src, methods=["GET", "HEAD"], dest=f"/{item.function}?{PATH}=${PATH}"),
        _route(src, dest=_bypass()),
    ]


def _plain(alternatives: Iterable[str]) -> Table:
    """To the plain function, with the path beside it: it may see either path, its own or the visitor's."""
    return [
        _route(f"^(?<{PATH}>{text})$", dest=f"/{SERVER}?{PATH}=${PATH}")
        for text in union(alternatives, _ROOM)
    ]


def _other_slash(items: Iterable[Planned], slash: bool) -> Table:
    stems = [bare(item.route.pattern) for item in items if item.route.pattern.segments]
    if slash:
        return [_to(f"^({text})$", "$1/") for text in union(stems, _ROOM)]
    return [_to(f"^({text})/$", "$1") for text in union(stems, _ROOM)]


def _errors(manifest: Manifest) -> Table:
    """Not-found pages, the one at the root included that the build adds by itself."""
    pages = {page.prefix.rstrip("/"): page.file for page in manifest.not_found}
    if any(file.path == "404.html" for file in manifest.files):
        pages.setdefault("", "404.html")
    if not pages:
        return []
    found: Table = [{"handle": "error"}]
    for prefix in sorted(pages, key=lambda prefix: (-len(prefix), prefix)):
        stem = literal_path(prefix)
        found.append(_route(f"^{stem}(?:/.*)?$", status=404, dest=f"/{pages[prefix]}"))
    return found


def _overrides(manifest: Manifest) -> dict[str, dict[str, str]]:
    """Where a file's URL or type is not what Vercel would make of its name.

    ``a/index.html`` is answered at ``/a`` and ``/a/`` by itself, and must not
    be given another path: that would delete the output.
    """
    found: dict[str, dict[str, str]] = {}
    for file in manifest.files:
        override: dict[str, str] = {}
        clean = unquote(file.url).strip("/")
        named = file.path.rsplit("/", 1)[-1]
        is_other = file.path.endswith(".html") and named != "index.html" and clean != file.path
        if is_other and clean and file.status == 200:
            override["path"] = clean
        suffix = file.path[file.path.rfind(".") :] if "." in named else ""
        known = _KNOWN_TYPES.get(suffix, "")
        if "path" in override or file.content_type.split(";")[0].strip() != known:
            override["contentType"] = file.content_type
        if override:
            found[file.path] = override
    return found
