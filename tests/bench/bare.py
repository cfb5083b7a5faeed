"""A dictionary of pages behind the server that isrgen uses: ``bare.py PORT``."""

from __future__ import annotations

import sys
from typing import Any

from contestants import MARK, SIZE

BODY = MARK.encode().ljust(SIZE, b".")
HEADERS = [
    ("content-type", "text/html; charset=utf-8"),
    ("cache-control", "public, max-age=0, must-revalidate"),
    ("cdn-cache-control", "public, max-age=3600"),
    ("age", "1"),
    ("etag", '"0000000000000000000000"'),
    ("cache-status", "isrgen; hit; ttl=3599"),
    ("content-length", str(SIZE)),
]
PAGES = {f"/{name}/": (200, HEADERS, BODY) for name in ("hit", *map(str, range(1000)))}


class App:
    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        protocol.response_bytes(*PAGES[scope.path])


def load() -> App:
    return App()


if __name__ == "__main__":
    from isrgen.cli import listen

    listen.run(listen.Reservation("127.0.0.1", int(sys.argv[1])), load, workers=1, ready=print)
