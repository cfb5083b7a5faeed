"""A running server, asked: one on loopback that says what a test wants."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import click
import pytest

from isrgen.cli import remote
from isrgen.cli.remote import Remote
from isrgen.edge.counters import Count
from isrgen.edge.store import Usage
from isrgen.errors import IsrgenError
from isrgen.http.context import Purge
from isrgen.server.metrics import exposition

TOKEN = "s3cret-of-the-server"


class Fake:
    """Gives ``answers`` one after the other, the last for ever; ``got`` is what it was asked."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str], bytes]] = [(200, {}, b"{}")]
        self.got: list[tuple[str, str, Any]] = []
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                assert self.headers["Authorization"] == f"Bearer {TOKEN}"
                fake.got.append((self.command, self.path, json.loads(body) if body else None))
                status, headers, said = fake.answers.pop(0) if len(fake.answers) > 1 else fake.answers[0]
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def do_POST(self) -> None:
                self.do_GET()

            def log_message(self, *args: Any) -> None:
                return

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def fake() -> Iterator[Fake]:
    made = Fake()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waited: list[float] = []
    monkeypatch.setattr(remote.time, "sleep", waited.append)
    return waited


def test_purges_are_one_order_each_for_soft_and_hard(fake: Fake) -> None:
    Remote(fake.url, TOKEN).purge([Purge(path="/a/"), Purge(tag="b"), Purge(tag="c", hard=True)])
    assert fake.got == [
        ("POST", "/_isrgen/revalidate", {"paths": ["/a/"], "tags": ["b"], "hard": False}),
        ("POST", "/_isrgen/revalidate", {"paths": [], "tags": ["c"], "hard": True}),
    ]


def test_many_purges_go_in_orders_that_a_server_takes(fake: Fake) -> None:
    Remote(fake.url, TOKEN).purge([Purge(tag=str(number)) for number in range(2500)])
    assert [len(body["tags"]) for _, _, body in fake.got] == [1000, 1000, 500]


def test_it_waits_as_long_as_the_server_asks_for(fake: Fake, waits: list[float]) -> None:
    fake.answers = [(429, {"Retry-After": "3"}, b""), (429, {"Retry-After": "1"}, b""), (200, {}, b"{}")]
    Remote(fake.url, TOKEN).purge([Purge(tag="a")])
    assert waits == [3, 1]


def test_it_does_not_wait_for_ever(fake: Fake, waits: list[float]) -> None:
    fake.answers = [(429, {"Retry-After": "1"}, b'{"error":"too many requests"}')]
    with pytest.raises(IsrgenError, match=r"answered 429 \(too many requests\)"):
        Remote(fake.url, TOKEN).purge([Purge(tag="a")])
    assert len(waits) < 10
    fake.answers = [(429, {"Retry-After": "3600"}, b"")]
    with pytest.raises(IsrgenError, match="answered 429"):
        Remote(fake.url, TOKEN).purge([Purge(tag="a")])


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        (401, "ISRGEN_TOKEN"),
        (404, "server of isrgen"),
        (501, "--target"),
        (503, "store"),
        (302, ""),
        (500, ""),
    ],
)
def test_what_a_server_refuses_is_told_with_the_way_out(fake: Fake, status: int, hint: str) -> None:
    fake.answers = [(status, {"Location": "http://elsewhere.example/"}, b"")]
    with pytest.raises(IsrgenError) as caught:
        Remote(fake.url, TOKEN).purge([Purge(tag="a")])
    assert f"answered {status}." in str(caught.value)
    assert hint in str(caught.value)
    assert len(fake.got) == 1
    assert TOKEN not in str(caught.value)


def test_a_server_that_is_not_there_is_told(free_port: int) -> None:
    with pytest.raises(IsrgenError, match=r"gives no answer: Connection refused\.\n  Is the server"):
        Remote(f"http://127.0.0.1:{free_port}", TOKEN).stats()


def test_an_answer_of_some_other_server_is_told(fake: Fake) -> None:
    fake.answers = [(200, {}, b"<html>")]
    with pytest.raises(IsrgenError, match="not JSON"):
        Remote(fake.url, TOKEN).listing("", 10)


def test_a_page_that_is_not_stored_is_none_and_a_server_without_a_token_is_an_error(fake: Fake) -> None:
    fake.answers = [(404, {}, b'{"error":"Nothing is stored under this key."}')]
    assert Remote(fake.url, TOKEN).shown("/a/?b=c&d") is None
    assert fake.got == [("GET", "/_isrgen/cache?key=%2Fa%2F%3Fb%3Dc%26d", None)]
    fake.answers = [(404, {"Content-Type": "text/html"}, b"<h1>Not Found</h1>")]
    with pytest.raises(IsrgenError, match="answered 404"):
        Remote(fake.url, TOKEN).shown("/a/")


def test_metrics_become_names_and_numbers(fake: Fake) -> None:
    totals = {count: 10 + count for count in Count}
    fake.answers = [(200, {}, exposition('b"1"', totals, Usage(3, 4096)).encode())]
    found = Remote(fake.url, TOKEN).stats()
    assert (found["entries"], found["bytes"], found["hits"]) == (3, 4096, 10)
    assert found["refreshes_failed"] == 10 + Count.REFRESHES_FAILED
    assert found["responses_5xx"] == 10 + Count.STATUS_5XX
    assert found["response_bytes"] == 10 + Count.RESPONSE_BYTES
    assert found["render_seconds"] == (10 + Count.RENDER_MICROSECONDS) / 1e6


@pytest.mark.parametrize("url", ["", "x", "127.0.0.1:8000", "ftp://x", "http://", "http://a:b@host/"])
def test_what_is_no_address_of_a_server_is_a_mistake_of_the_command_line(url: str) -> None:
    with pytest.raises(click.BadParameter) as caught:
        Remote(url, TOKEN)
    assert "a:b" not in str(caught.value)


def test_a_server_is_not_asked_without_a_token(fake: Fake) -> None:
    with pytest.raises(IsrgenError, match="ISRGEN_TOKEN is not set"):
        Remote(fake.url, "")
    assert TOKEN not in repr(Remote(fake.url, TOKEN))
