"""What is counted and logged of a response, over both protocols and both ways."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from isrgen.caching.policy import CachePolicy, Lifetime
from isrgen.edge.counters import Count
from isrgen.server.access import AccessLog

HOUR = CachePolicy(Lifetime(3600, 86400))


@pytest.fixture
def access(tmp_path: Path) -> AccessLog:
    return AccessLog(str(tmp_path / "access.log"))


def lines(access: AccessLog, tmp_path: Path) -> list[Any]:
    access.close()
    return [json.loads(line) for line in (tmp_path / "access.log").read_text().splitlines()]


def test_every_answer_has_a_line_that_says_what_the_cache_did(
    kit: Any, drive: Any, access: AccessLog, tmp_path: Path
) -> None:
    kit.page("/a/", "page", "", HOUR)
    server = drive(access=access)
    for _ in range(3):
        server.get("/a/?x=1")
    etag = server.get("/a/")["ETag"]
    server.get("/a/", {"If-None-Match": etag})
    server.get("/a/", {"Authorization": "Bearer secret"})
    server.request("POST", "/a/")
    server.get("/absent/")
    server.get("/_isrgen/health?token=secret")
    found = lines(access, tmp_path)
    assert [(line["path"], line["status"], line["cache"]) for line in found] == [
        ("/a/?x=1", 200, "miss"),
        ("/a/?x=1", 200, "hit"),
        ("/a/?x=1", 200, "hit"),
        ("/a/", 200, "hit"),
        ("/a/", 304, "hit"),
        ("/a/", 200, "bypass"),
        ("/a/", 405, ""),
        ("/absent/", 404, ""),
        ("/_isrgen/health", 200, ""),
    ]
    assert [line["bytes"] for line in found[:5]] == [4, 4, 4, 4, 0]
    assert {line["client"] for line in found} == {"203.0.113.9"}
    assert "secret" not in json.dumps(found)


def test_the_client_is_whom_a_trusted_proxy_names(
    kit: Any, drive: Any, access: AccessLog, tmp_path: Path
) -> None:
    kit.page("/a/", "page", "", HOUR)
    kit.change(trusted_proxies=("10.0.0.0/8",))
    server = drive(access=access)
    forwarded = {"X-Forwarded-For": "198.51.100.7, 10.0.0.2"}
    for peer in ("10.0.0.1", "10.0.0.1", "10.0.0.1", "203.0.113.9"):
        server.request("GET", "/a/", forwarded, peer=peer)
    assert [line["client"] for line in lines(access, tmp_path)] == [*["198.51.100.7"] * 3, "203.0.113.9"]


def test_the_bytes_of_a_streamed_body_are_counted_as_they_are_sent(
    kit: Any, drive: Any, access: AccessLog, tmp_path: Path
) -> None:
    kit.api("/api/s", "from isrgen import Response\ndef GET():\n    return Response(iter(['ab', 'cde']))\n")
    server = drive(access=access)
    assert server.get("/api/s").text == "abcde"
    assert server.app.ledger.counters.totals()[Count.RESPONSE_BYTES] == 5
    assert [line["bytes"] for line in lines(access, tmp_path)] == [5]


def test_the_status_of_every_answer_is_counted(kit: Any, drive: Any) -> None:
    kit.page("/a/", "page", "def loader():\n    raise RuntimeError\n")
    kit.file("f.txt", b"text", content_type="text/plain")
    server = drive()
    for path in ("/a/", "/f.txt", "/f.txt/", "/absent/", "/f.txt"):
        server.get(path)
    totals = server.app.ledger.counters.totals()
    by_status = (Count.STATUS_2XX, Count.STATUS_3XX, Count.STATUS_4XX, Count.STATUS_5XX)
    assert [totals[count] for count in by_status] == [2, 1, 1, 1]
    assert totals[Count.REQUESTS] == 5
