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

Files become a Site. ``build`` renders what can be rendered now and writes a
Manifest. ``server`` and ``targets`` know only the manifest. What a cache
should do is a pure function in ``caching``; ``edge`` carries it out.

The names below are for the loaders, API routes and middleware of a site.
"""

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

__version__ = "0.1.0"

__all__ = [
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
