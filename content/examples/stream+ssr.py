"""A page that is sent while it is made. The loader answers with a Response whose body is a generator."""

import asyncio

from _lib.clock import now
from isrgen import Response

_HEAD = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Streaming · isrgen</title>
<style>
body { font: 1.1rem/1.6 system-ui, sans-serif; max-width: 36rem; margin: 3rem auto; padding: 0 1.25rem }
</style>
<main>
<h1>Streaming</h1>
<p>Each line is sent when it is ready; the browser shows it at once.</p>
<ol>
"""
_END = "</ol>\n<p><a href='/examples/'>Examples</a></p>\n</main>\n</html>\n"


def loader():
    return Response(_page())


async def _page():
    yield _HEAD
    for _ in range(5):
        yield f"<li>{now():%H:%M:%S}</li>\n"
        await asyncio.sleep(0.5)
    yield _END
