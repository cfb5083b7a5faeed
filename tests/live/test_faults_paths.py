"""Every spelling of a path: one page has one key, and no page is sent under the key of another."""

from __future__ import annotations

import asyncio
import http.client
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes

import programs
import pytest
from faults_site import build

from isrgen.edge.stores.disk import DiskStore

# Spellings of one path each; the site shows the name as it was told it.
SPELLINGS = {
    "tea": ["/tea/", "/%74ea/", "/%74%65%61/", "/t%65a/?utm=1", "/tea%2f"],
    "café": ["/caf%C3%A9/", "/caf%c3%a9/", "/%63af%C3%a9/"],
    "cafe\u0301": ["/cafe%CC%81/"],
    "CAFÉ": ["/CAF%C3%89/"],
    "Tea": ["/Tea/", "/%54ea/"],
    "a b": ["/a%20b/"],
    "a+b": ["/a+b/", "/a%2Bb/", "/a%2bb/"],
    "~x": ["/~x/", "/%7Ex/", "/%7ex/"],
    "a:b@c!$&'()*,;=": ["/a:b@c!$&'()*,;=/", "/a%3Ab%40c!$&'()*,;=/"],
    "x;y=1": ["/x;y=1/", "/x%3By=1/"],
    "日本": ["/%E6%97%A5%E6%9C%AC/", "/%e6%97%a5%e6%9c%ac/"],
    "a?b": ["/a%3Fb/", "/a%3fb/"],
    "a#b": ["/a%23b/"],
    "a%b": ["/a%25b/"],
    "%2e": ["/%252e/"],
    "a%2Fb": ["/a%252Fb/"],
    "%": ["/%25/", "/%/"],
    "%zz": ["/%25zz/", "/%zz/"],
    "%u0041": ["/%25u0041/", "/%u0041/"],
    "...": ["/.../", "/%2e%2e%2e/"],
}

# Refused, redirected or not found; never a page.
NO_PAGES = [
    "//tea/", "/tea//", "/./tea", "/../tea/", "/%2e%2e/tea/", "/tea/%2e%2e/", "/%2e/", "/a%2fb/",
    "/..%2ftea/", "/te%00a/", "/%ff/", "/%C3/", "/%c0%af/", "/%c0%ae/", "/%ed%a0%80/", "/%f4%90%80%80/",
    "/%EF%BF%BD/", "/%0a/", "/\\tea/", "/%5ctea/", "/tea%5c..%5c/",
]  # fmt: skip


@dataclass(frozen=True)
class Standing:
    """A server, and what it has stored."""

    port: int
    store: Path

    def get(self, target: str) -> tuple[int, bytes, dict[str, str]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.putrequest("GET", target)
            connection.endheaders()
            response = connection.getresponse()
            return response.status, response.read(), {k.lower(): v for k, v in response.getheaders()}
        finally:
            connection.close()

    def keys(self) -> list[str]:
        async def read() -> list[str]:
            store = DiskStore(self.store)
            try:
                return await store.keys()
            finally:
                await store.close()

        return asyncio.run(read())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    folder = tmp_path_factory.mktemp("paths")
    arguments = ["--site", str(build(folder / "site")), "--store", f"disk:{folder / 'edge'}"]
    program = programs.isrgen(folder, "serve", "--no-build", *arguments)
    yield Standing(program.port, folder / "edge")
    program.end()


@pytest.mark.parametrize("name", SPELLINGS)
def test_every_spelling_of_a_path_is_one_page(name: str, server: Standing) -> None:
    before = server.keys()
    for number, target in enumerate(SPELLINGS[name]):
        status, body, headers = server.get(target)
        assert (status, body.decode()) == (200, f"page {name}"), target
        assert ("hit" in headers["cache-status"]) == (number > 0), (target, headers["cache-status"])
    assert len(server.keys()) == len(before) + 1


@pytest.mark.parametrize("target", NO_PAGES)
def test_a_path_that_means_no_page_is_none(target: str, server: Standing) -> None:
    before = server.keys()
    status, body, headers = server.get(target)
    assert status in (308, 400, 404), (target, body)
    if status == 308:
        assert headers["location"].startswith("/")
        assert not headers["location"].startswith(("//", "/\\"))
    assert server.keys() == before


def test_no_two_bytes_share_a_key(server: Standing) -> None:
    for byte in range(1, 256):
        if bytes([byte]) in b"/?#\\":
            continue
        target = f"/b%{byte:02X}b/"
        status, body, _ = server.get(target)
        assert status in (200, 308, 400, 404), target
        if status == 200:
            assert body == b"page " + unquote_to_bytes(target.strip("/")), target
    for character in "ßẞıİKſﬁ①ａＡ\u200d\u202e\ufeff":
        status, body, _ = server.get(f"/c{quote(character)}/")
        assert status in (200, 400, 404)
        if status == 200:
            assert body.decode() == f"page c{character}"
