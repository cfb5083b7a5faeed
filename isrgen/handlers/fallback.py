"""The pages that a site sends when it has none of its own: small, neutral, and silent about causes."""

from __future__ import annotations

from html import escape
from http import HTTPStatus
from typing import Final

_WORDS: Final = {
    400: "The address is not one that this site can read.",
    404: "There is no page at this address.",
    405: "This page does not answer that kind of request.",
    408: "What was sent did not arrive in time. Please try again.",
    413: "What was sent is too large.",
    414: "The address is too long.",
    431: "The request has too many headers, or too large ones.",
    500: "Something went wrong while this page was made. It has been noted; please try again later.",
    503: "The site is busy just now. Please try again in a moment.",
    504: "This page took too long to make. Please try again in a moment.",
}

_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --text: #1d2129; --quiet: #5c6470; --page: #fbfbfa; }}
@media (prefers-color-scheme: dark) {{ :root {{ --text: #e6e8eb; --quiet: #9aa3ae; --page: #15181c; }} }}
body {{ margin: 0; min-height: 100vh; display: grid; place-content: center; padding: 2rem;
  box-sizing: border-box; background: var(--page); color: var(--text);
  font: 1.0625rem/1.6 system-ui, sans-serif; }}
main {{ max-width: 32rem; }}
.status {{ margin: 0; color: var(--quiet); font-variant-numeric: tabular-nums; }}
h1 {{ margin: .25rem 0 .75rem; font-size: 1.75rem; line-height: 1.2; text-wrap: balance; }}
p {{ margin: 0; }}
pre {{ margin: 1.5rem 0 0; overflow-x: auto; font: .875rem/1.5 ui-monospace, monospace; }}
</style>
</head>
<body>
<main>
<p class="status">{status}</p>
<h1>{title}</h1>
<p>{message}</p>{detail}
</main>
</body>
</html>
"""

HTML: Final = "text/html; charset=utf-8"


def error_page(status: int, message: str = "", detail: str = "") -> str:
    """A whole HTML page for a status.

    ``message`` is text for the visitor, in place of the usual sentence;
    ``detail`` is for the site's author alone, while developing.
    """
    try:
        title = HTTPStatus(status).phrase
    except ValueError:
        title = "Error"
    words = message or _WORDS.get(status, "")
    block = f"\n<pre>{escape(detail)}</pre>" if detail else ""
    return _PAGE.format(status=status, title=escape(title), message=escape(words), detail=block)
