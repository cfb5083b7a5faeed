"""A visitor who follows every link of a running site."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

import pytest


@dataclass
class Visited(HTMLParser):
    """One page, as far as links and structure go."""

    url: str
    status: int
    text: str
    links: list[str] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    tags: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append(tag)
        self.links.extend(str(found[name]) for name in ("href", "src", "action") if found.get(name))
        if found.get("id"):
            self.ids.add(str(found["id"]))

    def complaints(self) -> list[str]:
        """What is wrong with the structure of this page."""
        levels = [int(tag[1]) for tag in self.tags if re.fullmatch("h[1-6]", tag)]
        rules = {
            "has one h1": levels.count(1) == 1,
            "skips no level of headings": all(b <= a + 1 for a, b in pairwise(levels)),
            "has one main": self.tags.count("main") == 1,
            "has a title": "title" in self.tags,
            "has no script": "script" not in self.tags,
            "says its language": '<html lang="en">' in self.text,
        }
        return [f"{self.url}: not so: {rule}" for rule, holds in rules.items() if not holds]


Crawl = Callable[[Any], dict[str, Visited]]


@pytest.fixture
def crawl() -> Crawl:
    """Every page that links reach from ``/``; what is not HTML is a page without text."""

    def visit(server: Any) -> dict[str, Visited]:
        found: dict[str, Visited] = {}
        waiting = ["/"]
        while waiting:
            path = waiting.pop()
            if path in found:
                continue
            reply = server.get(path)
            html = reply.header("content-type").startswith("text/html")
            found[path] = page = Visited(path, reply.status, reply.text if html else "")
            waiting.extend(target for link in page.links if (target := _inside(path, link)) is not None)
        return found

    return visit


def _inside(page: str, link: str) -> str | None:
    """The path of a link that stays on the site; forms that need a POST are not followed."""
    target = urlsplit(urljoin(f"http://site{page}", urldefrag(link)[0]))
    path = target.path + (f"?{target.query}" if target.query else "")
    return path if target.netloc == "site" and not path.startswith("/api/sign-") else None


@pytest.fixture
def broken_anchors() -> Callable[[dict[str, Visited]], list[str]]:
    """Links to a fragment that is not on the page they lead to."""

    def find(pages: dict[str, Visited]) -> list[str]:
        found = []
        for page in pages.values():
            for link in page.links:
                target, fragment = urldefrag(link)
                path = _inside(page.url, target) if target else page.url
                if fragment and path in pages and fragment not in pages[path].ids:
                    found.append(f"{page.url} -> {link}")
        return found

    return find
