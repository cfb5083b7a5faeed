"""A site to be attacked: pages by name, redirects, what repeats a header, and what counts what it is sent."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

STEADY = "/steady/"
"""A page that is asked for before and after each attack."""

FILES = {
    "isrgen.toml": """
title = "Faults"
base_url = "https://example.org"

[[redirects]]
from = "/old/[name]/"
to = "/[name]/"
""",
    "content/[name]+ssr.py": """
from isrgen import Response

cache = {"s-maxage": 600, "stale-while-revalidate": 600, "query": ["page"]}


def loader(params, request):
    body = f"page {params['name']} {request.query.get('page') or ''}".rstrip()
    return Response(body, headers={"Content-Type": "text/plain; charset=utf-8"})
""",
    "content/reflect/[name]+ssr.py": """
from isrgen import Response, set_response_headers

cache = {"s-maxage": 600}


def loader(params):
    return Response("reflected", headers={"X-Name": params["name"], "Content-Type": "text/plain"})
""",
    "content/told/[name]+ssr.py": """
from isrgen import Response

cache = {"s-maxage": 600}


def loader(params, request):
    return Response(f"told {request.headers.get(params['name'])} {request.method} {request.url}")
""",
    "content/api/echo+api.py": """
from isrgen import Response


async def POST(request):
    return Response(str(len(await request.body())))


def GET():
    return Response("echo", headers={"Cache-Control": "public, s-maxage=600"})
""",
}


def build(site: Path) -> Path:
    for name, text in FILES.items():
        path = site / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip(), "utf-8")
    command = [sys.executable, "-m", "isrgen.cli", "build", "--site", str(site)]
    subprocess.run(command, check=True, capture_output=True)
    return site
