"""What a page does is told by a file; see README.md."""

import asyncio
import json
import os
from pathlib import Path

from isrgen import Response, cache_tag, degraded

FOLDER = Path(os.environ["ISRGEN_PLAY_CONTROL"])


def behaviour(hall):
    return json.loads((hall / "behaviour.json").read_text(encoding="utf-8"))


async def render(request, params):
    """One render of the page under test."""
    hall = FOLDER / params["play"]
    with (hall / "renders").open("a", encoding="ascii") as renders:
        renders.write(f"{os.getpid()}\n")
    now = behaviour(hall)
    await asyncio.sleep(now["delay"])
    while now["held"] and behaviour(hall)["held"]:
        await asyncio.sleep(0.01)
    for read in now["reads"]:
        _told(request, read)
    body = f"v{now['version']}"
    if now["echo"]:
        body += f":{_told(request, now['echo']) or ''}"
    if now["tags"]:
        cache_tag(*(f"{hall.name}.{tag}" for tag in now["tags"]))
    if now["degraded"]:
        degraded(now["degraded"])
    headers = {"Content-Type": "text/plain"} | dict(now["headers"])
    if now["cache_control"]:
        headers["Cache-Control"] = now["cache_control"]
    return Response(body, status=now["status"], headers=headers)


def _told(request, what):
    kind, _, name = what.partition(":")
    if kind == "url":
        return request.url
    return {"cookie": request.cookies, "header": request.headers, "query": request.query}[kind].get(name)
