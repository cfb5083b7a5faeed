"""isrgen: hybrid sites from one folder of Markdown, templates and Python loaders.

    content/ templates/ data/            request                        dist/manifest.json
           |                                |                                  |
        site  (load -> Site)             server (match)                    targets (compile)
           |                                |                                  |
        render (Site, Page -> HTML)       edge (ask caching.decide, do it)   vercel ...
           |                                |                                  |
        build (plan, run, write)          handlers (render one page now)     deploy
           |
      dist/ + manifest.json

Each room is a folder; imports point down, and rooms side by side do not see each other:

    cli                             the only one that prints, prompts and reads the environment
    dev       |  check              rebuild and reload; find broken links, and pages that leak
    build     |  server  | targets  they meet only through the manifest
    handlers  |  edge               loaders, API functions, middleware; the cache's driver and stores
    render                          markup and templates
    site                            the files of a site, or their snapshot, loaded and typed
    config
    manifest                        the contract
    http                            requests, responses, and the record of what was read of them
    routing   |  caching            pure: no clock, no files, no sockets, no logging
    errors

Files become a Site. ``build`` renders what can be rendered now and writes a
Manifest. ``server`` and ``targets`` know only the manifest. What a cache
should do is a pure function in ``caching``; ``edge`` carries it out, for the
pages of a site and in front of any other application. ``dev`` and ``check``
stand above: they build a site aside and ask the server of it.

The names below are for the loaders, API routes and middleware of a site, and
``EdgeCache`` for applications that are none. They are imported when they are
first used: the command line never uses them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from isrgen.http.context import (
        cache_tag,
        data_path,
        degraded,
        revalidate_path,
        revalidate_tag,
        set_response_headers,
    )
    from isrgen.http.headers import Headers
    from isrgen.http.request import Request
    from isrgen.http.response import Response, not_found, redirect
    from isrgen.server.edge_cache import EdgeCache

__version__ = "0.1.0"

__all__ = [
    "EdgeCache",
    "Headers",
    "Request",
    "Response",
    "cache_tag",
    "data_path",
    "degraded",
    "not_found",
    "redirect",
    "revalidate_path",
    "revalidate_tag",
    "set_response_headers",
]

_HOMES: Final = {
    "EdgeCache": "server.edge_cache",
    "Headers": "http.headers",
    "Request": "http.request",
    "Response": "http.response",
    "not_found": "http.response",
    "redirect": "http.response",
}
"""Name -> its module; the others are in ``isrgen.http.context``."""

if not TYPE_CHECKING:  # a type checker would take every name for one that is there

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        home = import_module(f"{__name__}.{_HOMES.get(name, 'http.context')}")
        value = globals()[name] = getattr(home, name)
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
