"""A page that is sent while it is made. The loader answers with a Response whose body is a generator."""

import asyncio

from _lib.clock import now
from isrgen import Response

_HEAD = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Streaming · isrgen</title>
<link rel="icon" href="../../favicon.svg" type="image/svg+xml">
<style>
:root { color-scheme: light dark; --bg: #fbfaf6; --ink: #1e2421; --link: #0a6552 }
@media (prefers-color-scheme: dark) { :root { --bg: #13181a; --ink: #e2e5df; --link: #74cdb2 } }
body { font: 1rem/1.6 system-ui, sans-serif; background: var(--bg); color: var(--ink); max-width: 46.5rem;
  margin: 2.5rem auto; padding: 0 1.25rem }
h1 { font: 700 clamp(1.9rem, 1.5rem + 2vw, 2.6rem)/1.2 Charter, "Sitka Text", Cambria, Georgia, serif;
  margin: 0 0 .5em }
ol { font-family: ui-monospace, Menlo, Consolas, monospace }
a { color: var(--link) }
</style>
<main>
<p><a href="../">Examples</a></p>
<h1>Streaming</h1>
<p>Each line is sent when it is ready; the browser shows it at once.</p>
<ol>
"""
_END = "</ol>\n</main>\n</html>\n"


def loader():
    return Response(_page())


async def _page():
    yield _HEAD
    for _ in range(5):
        yield f"<li>{now():%H:%M:%S}</li>\n"
        await asyncio.sleep(0.5)
    yield _END
