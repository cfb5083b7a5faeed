"""Static files: validators, ranges, precompressed copies."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from isrgen.server.files import accepts_gzip

TEXT = b"hello, world " * 100
BIG = bytes(range(256)) * 4096


@pytest.fixture
def server(kit: Any, drive: Any) -> Any:
    kit.file("index.html", TEXT, url="/", encodings=("gzip",), headers=(("X-Rule", "1"),))
    (kit.root / "dist/static/index.html.gz").write_bytes(gzip.compress(TEXT, mtime=0))
    kit.file("assets/site.3f2a9c1b.css", b"a{}", content_type="text/css", immutable=True)
    kit.file("big.bin", BIG, content_type="application/octet-stream")
    kit.file("café.txt", b"c", url="/caf%C3%A9.txt", content_type="text/plain")
    kit.file("gone.txt", b"g")
    (kit.root / "dist/static/gone.txt").unlink()
    return drive()


def test_a_file_has_its_etag_type_length_and_rules(server: Any) -> None:
    reply = server.get("/")
    assert (reply.status, reply.body, reply["X-Rule"]) == (200, TEXT, "1")
    assert reply["Content-Type"] == "text/html; charset=utf-8"
    assert reply["Cache-Control"] == "public, max-age=0, must-revalidate"
    assert reply["Content-Length"] == str(len(TEXT))
    assert server.get("/").body == TEXT


def test_hashed_assets_are_immutable(server: Any) -> None:
    reply = server.get("/assets/site.3f2a9c1b.css")
    assert reply["Cache-Control"] == "public, max-age=31536000, immutable"


def test_a_good_etag_is_a_304(server: Any) -> None:
    first = server.get("/")
    for wanted in (first["ETag"], f"W/{first['ETag']}", "*", f'"x", {first["ETag"]}'):
        again = server.get("/", {"If-None-Match": wanted})
        assert (again.status, again.body) == (304, b"")
        assert again["Vary"] == "Accept-Encoding"


def test_the_compressed_copy_is_sent_to_those_who_take_it(server: Any) -> None:
    plain, squeezed = server.get("/"), server.get("/", {"Accept-Encoding": "br, gzip"})
    assert gzip.decompress(squeezed.body) == TEXT
    assert squeezed["Content-Encoding"] == "gzip"
    assert squeezed["ETag"] != plain["ETag"]
    assert plain["Vary"] == squeezed["Vary"] == "Accept-Encoding"
    assert server.get("/", {"Accept-Encoding": "gzip", "If-None-Match": squeezed["ETag"]}).status == 304
    assert server.get("/", {"Accept-Encoding": "gzip", "If-None-Match": plain["ETag"]}).status == 200


@pytest.mark.parametrize(
    ("field", "accepted"),
    [
        ("gzip", True),
        ("GZIP;q=0.1", True),
        ("*", True),
        ("", False),
        ("identity", False),
        ("gzip;q=0", False),
        ("gzip;q=0.000, *;q=1", False),
        ("*;q=0", False),
        ("notgzip", False),
        ("br, gzip ; q=0.5 , x", True),
    ],
)
def test_accept_encoding_is_read_with_its_weights(field: str, accepted: bool) -> None:
    assert accepts_gzip(field) is accepted


@pytest.mark.parametrize("path", ["/", "/big.bin"])
def test_single_ranges(server: Any, path: str) -> None:
    whole = server.get(path)
    size = len(whole.body)
    for wanted, start, end in (
        ("bytes=0-0", 0, 1),
        ("bytes=5-9", 5, 10),
        ("bytes=-3", size - 3, size),
        (f"bytes={size - 1}-", size - 1, size),
        ("bytes=10-999999999", 10, size),
    ):
        part = server.get(path, {"Range": wanted, "Accept-Encoding": "gzip"})
        assert (part.status, part.body) == (206, whole.body[start:end])
        assert part["Content-Range"] == f"bytes {start}-{end - 1}/{size}"
        assert part["Content-Length"] == str(end - start)
        assert "Content-Encoding" not in part
    none = server.get(path, {"Range": f"bytes={size}-"})
    assert (none.status, none["Content-Range"], none.body) == (416, f"bytes */{size}", b"")
    for ignored in ("bytes=a-b", "lines=1-2", "bytes=5-1", "bytes=" + "0-1," * 99):
        assert server.get(path, {"Range": ignored}).status == 200


def test_several_ranges_come_as_parts(server: Any) -> None:
    reply = server.get("/", {"Range": "bytes=0-4, 7-11"})
    assert reply.status == 206
    assert reply["Content-Type"].startswith("multipart/byteranges")
    assert reply.body.count(b"Content-Range") == 2


def test_a_file_that_is_not_the_one_asked_for_is_a_412(server: Any) -> None:
    """RFC 9110 section 13.1.1: the server of a file is its origin."""
    etag = server.get("/")["ETag"]
    assert server.get("/", {"If-Match": etag}).status == 200
    refused = server.get("/", {"If-Match": '"other"'})
    assert (refused.status, refused["Cache-Control"]) == (412, "private, no-store")
    assert server.get("/", {"If-Match": '"other"', "Range": "bytes=0-0"}).status == 412


def test_if_range_with_another_etag_sends_everything(server: Any) -> None:
    assert server.get("/", {"Range": "bytes=0-0", "If-Range": '"other"'}).status == 200
    etag = server.get("/")["ETag"]
    assert server.get("/", {"Range": "bytes=0-0", "If-Range": etag}).status == 206


def test_large_files_are_sent_whole_and_head_has_their_length(server: Any) -> None:
    assert server.get("/big.bin").body == BIG
    head = server.request("HEAD", "/big.bin")
    assert (head.body, head["Content-Length"]) == (b"", str(len(BIG)))
    head = server.request("HEAD", "/", {"Accept-Encoding": "gzip"})
    assert head["Content-Encoding"] == "gzip"


def test_names_are_found_whatever_their_encoding(server: Any) -> None:
    assert server.get("/caf%C3%A9.txt").status == 200
    assert server.get("/caf%c3%a9.txt").status == 200
    assert server.get("/%63af%C3%A9.txt").status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/gone.txt",
        "/index.html",
        "/index.html.gz",
        "/assets",
        "/Big.bin",
        "/manifest.json",
        "/%2e%2e/server/manifest.json",
    ],
)
def test_only_exact_urls_of_the_manifest_are_files(server: Any, path: str) -> None:
    assert server.get(path).status in (400, 404)


def test_without_dist_static_there_are_no_files(kit: Any, drive: Any) -> None:
    import shutil

    kit.file("a.txt", b"a")
    shutil.rmtree(kit.root / "dist/static")
    assert drive().get("/a.txt").status == 404


def test_a_small_file_that_was_sent_stays_that_of_its_build(server: Any, kit: Any) -> None:
    first = server.get("/")
    (kit.root / "dist/static/index.html").write_bytes(b"of the next build")
    again = server.get("/")
    assert (again.body, again["ETag"], again["Content-Length"]) == (TEXT, first["ETag"], str(len(TEXT)))
