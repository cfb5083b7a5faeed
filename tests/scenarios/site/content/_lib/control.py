"""What a page does is told by a file; see README.md."""

import asyncio
import json
import os
from pathlib import Path

from isrgen import Response, cache_tag, degraded

FOLDER = Path(os.environ["ISRGEN_PLAY_CONTROL"])


def behaviour():
    return json.loads((FOLDER / "behaviour.json").read_text(encoding="utf-8"))


async def render(request):
    """One render of the page under test."""
    with (FOLDER / "renders").open("ab") as renders:
        renders.write(b".")
    now = behaviour()
    await asyncio.sleep(now["delay"])
    while now["held"] and behaviour()["held"]:
        await asyncio.sleep(0.01)
    for read in now["reads"]:
        kind, _, name = read.partition(":")
        {"cookie": request.cookies, "header": request.headers, "query": request.query}[kind].get(name)
    if now["tags"]:
        cache_tag(*now["tags"])
    if now["degraded"]:
        degraded(now["degraded"])
    headers = {"Content-Type": "text/plain"} | dict(now["headers"])
    if now["cache_control"]:
        headers["Cache-Control"] = now["cache_control"]
    return Response(f"v{now['version']}", status=now["status"], headers=headers)
