"""``isrgen edge`` over real sockets: what the origin sees, what visitors get, and what is refused."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

MEGABYTE = 1024 * 1024
BIG = 200 * MEGABYTE
TOKEN = "a-token-long-enough"
KEPT = {"Cache-Control": "max-age=60, stale-if-error=600"}


@dataclass
class Origin:
    """A server that says what it was told to say, and notes what it was asked."""

    url: str = ""
    lines: list[str] = field(default_factory=list)
    fields: list[list[tuple[str, str]]] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=lambda: dict(KEPT))
    status: int = 200
    size: int = 2
    cut: bool = False

    def last(self) -> dict[str, str]:
        return {name.lower(): value for name, value in self.fields[-1]}


def handler(origin: Origin) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            origin.lines.append(self.requestline)
            origin.fields.append(list(self.headers.items()))
            origin.sizes.append(self.read_body())
            self.send_response(origin.status)
            for name, value in origin.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(origin.size))
            self.end_headers()
            if self.command == "HEAD":
                return
            left = origin.size // 2 if origin.cut else origin.size
            while left > 0:
                left -= self.wfile.write(b"x" * min(left, 65536))
            self.close_connection = origin.cut

        def read_body(self) -> int:
            if self.headers.get("Transfer-Encoding") == "chunked":
                total = 0
                while size := int(self.rfile.readline(), 16):
                    total += len(self.rfile.read(size))
                    self.rfile.readline()
                self.rfile.readline()
                return total
            left = total = int(self.headers.get("Content-Length") or 0)
            while left > 0:
                left -= len(self.rfile.read(min(left, 65536)))
            return total

        def __getattr__(self, name: str) -> Any:
            if name.startswith("do_"):
                return self.answer
            raise AttributeError(name)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@pytest.fixture(scope="module")
def behind() -> Iterator[Origin]:
    origin = Origin()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(origin))
    server.daemon_threads = True
    origin.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield origin
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def edge(behind: Origin, run_edge: Callable[..., Any]) -> Any:
    return run_edge(behind.url, ISRGEN_TOKEN=TOKEN)


@pytest.fixture
def origin(behind: Origin) -> Origin:
    """The same server with nothing noted, saying what it says by itself."""
    fresh = Origin(behind.url)
    for name in ("lines", "fields", "sizes", "headers", "status", "size", "cut"):
        setattr(behind, name, getattr(fresh, name))
    return behind


@contextmanager
def listening(*answers: bytes) -> Iterator[str]:
    """A server that gives these answers, one a connection, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def run() -> None:
            for answer in answers:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    connection.sendall(answer)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def request(line: str, *fields: str, body: bytes = b"") -> bytes:
    head = "\r\n".join([f"{line} HTTP/1.1", "Host: shop.example", "Connection: close", *fields, "", ""])
    return head.encode("latin-1") + body


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def test_a_response_is_kept_and_sent_again(edge: Any, origin: Origin) -> None:
    first, second = edge.get("/kept"), edge.get("/kept")
    assert "stored" in first.cache
    assert "isrgen; hit" in second.cache
    assert second.body == b"xx"
    assert second.headers["server"] == first.headers["server"]
    assert second.headers["date"] == first.headers["date"]
    assert origin.lines == ["GET /kept HTTP/1.1"]


@pytest.mark.parametrize(
    "method", ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "QUIRK", "PURGE"]
)
def test_every_method_reaches_the_origin(edge: Any, origin: Origin, method: str) -> None:
    assert status(edge.raw(request(f"{method} /method/{method}"))) == 200
    assert origin.lines[0].split()[1:] == [f"/method/{method}", "HTTP/1.1"]
    assert origin.lines[0].split()[0] == method or method == "HEAD"


def test_the_target_reaches_the_origin_byte_for_byte(edge: Any, origin: Origin) -> None:
    target = "/a%2Fb//c/../%7e/%C3%A9;p=1?x=%20&y&&z=[1]|^"
    edge.raw(request(f"POST {target}"))
    assert origin.lines == [f"POST {target} HTTP/1.1"]


def test_unknown_fields_reach_the_origin_and_come_back(edge: Any, origin: Origin) -> None:
    origin.headers["X-Back"] = "caf\xe9"
    answer = edge.raw(request("POST /fields", "X-There: caf\xe9", "X-Twice: 1", "X-Twice: 2"))
    assert b"x-back: caf\xe9" in answer.lower()
    sent = [(name.lower(), value) for name, value in origin.fields[0]]
    assert [pair for pair in sent if pair[0] in ("x-there", "x-twice")] == [
        ("x-there", "caf\xe9"),
        ("x-twice", "1"),
        ("x-twice", "2"),
    ]


def test_the_origin_is_told_where_a_request_came_from(edge: Any, origin: Origin) -> None:
    claims = ("Via: 1.0 far", "X-Forwarded-For: 6.6.6.6", "X-Forwarded-Host: evil", "Forwarded: for=6.6.6.6")
    answer = edge.raw(request("POST /from", *claims, "X-Original-URL: /admin", "X-Isrgen-Bypass: 1"))
    told = origin.last()
    assert told["host"] == "shop.example"
    assert told["via"].startswith("1.0 far, 1.1 isrgen-")
    assert told["forwarded"] == "for=127.0.0.1;host=shop.example;proto=http"
    assert (told["x-forwarded-for"], told["x-forwarded-host"]) == ("127.0.0.1", "shop.example")
    assert not {"x-original-url", "x-isrgen-bypass", "connection"} & set(told)
    assert b"\r\nvia: 1.1 isrgen-" in answer.lower()


@pytest.mark.parametrize(
    ("wanted", "sent"),
    [
        (400, request("POST /s", "Content-Length: 3", "Content-Length: 4", body=b"abcd")),
        (400, request("POST /s", "Content-Length: +3", body=b"abc")),
        (400, request("POST /s", "Transfer-Encoding: xchunked", body=b"0\r\n\r\n")),
        (400, request("POST /s", "Transfer-Encoding : chunked", body=b"0\r\n\r\n")),
        (501, request("POST /s", "Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n")),
        (400, request("GET /s", "Host: other.example")),
        (400, b"GET /s HTTP/1.1\r\nConnection: close\r\n\r\n"),
        (400, b"GET /s HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n"),
        (400, request("GET /s", "X: a", " folded")),
        (400, request("GET /\xe9")),
        (414, request("GET /" + "x" * 9000)),
        (414, request("GET /?" + "x" * 17000)),
        (431, request("GET /s", *["X: y"] * 150)),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(
    edge: Any, origin: Origin, wanted: int, sent: bytes
) -> None:
    answered = status(edge.raw(sent))
    assert answered == wanted or (wanted == 431 and answered == 400)
    assert origin.lines == []


def test_chunks_beside_a_length_hide_no_second_request(edge: Any, origin: Origin) -> None:
    """RFC 9112 section 6.3: chunks count, and what follows them is not smuggled in as a request."""
    hidden = b"0\r\n\r\nGET /hidden HTTP/1.1\r\nHost: shop.example\r\nX: "
    answer = edge.raw(request("POST /front", "Transfer-Encoding: chunked", "Content-Length: 60", body=hidden))
    assert status(answer) in (200, 400)
    assert all("/hidden" not in line for line in origin.lines)
    for told in origin.fields:
        names = [name.lower() for name, _ in told]
        assert names.count("content-length") + names.count("transfer-encoding") == 1


def test_a_response_field_cannot_be_split(edge: Any, run_edge: Callable[..., Any]) -> None:
    with listening(b"HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b\r\nContent-Length: 0\r\n\r\n") as url:
        answer = run_edge(url).raw(request("GET /"))
    assert status(answer) == 502
    assert b"set-cookie" not in answer.lower()


def memory(process: Any) -> int:
    """Resident bytes of the largest process below this one."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    sizes = [
        int(line.split()[1]) * 1024
        for child in children
        for line in Path(f"/proc/{child}/status").read_text().splitlines()
        if line.startswith("VmHWM")
    ]
    return max(sizes)


def test_large_bodies_are_streamed_both_ways_with_little_memory(edge: Any, origin: Origin) -> None:
    before = memory(edge.process)
    upload = (b"x" * 65536 for _ in range(BIG // 65536))
    assert edge.ask("PUT", "/upload", {"Content-Length": str(BIG)}, upload).status == 200
    assert edge.ask("PUT", "/upload", {}, iter([b"chunked", b"body"])).status == 200
    assert origin.sizes == [BIG, 11]
    origin.size = BIG
    with socket.create_connection(("127.0.0.1", edge.port), timeout=60) as sock:
        sock.sendall(request("GET /download"))
        got = 0
        while data := sock.recv(1 << 20):
            got += len(data)
    assert got > BIG
    assert memory(edge.process) - before < BIG / 2


def test_a_body_that_is_cut_off_is_not_passed_off_as_whole_and_not_kept(edge: Any, origin: Origin) -> None:
    origin.cut, origin.size = True, MEGABYTE
    for _ in range(2):
        try:
            assert edge.get("/cut").status == 502
        except (HTTPException, OSError):
            continue
    assert len(origin.lines) == 2


def test_an_origin_that_talks_nonsense_is_a_502_that_says_nothing_of_it(run_edge: Callable[..., Any]) -> None:
    with listening(b"SSH-2.0-secret\r\n\r\n") as url:
        reply = run_edge(url).get("/")
    assert reply.status == 502
    assert b"secret" not in reply.body
    assert url.encode() not in reply.body


def test_an_origin_that_dies_is_stood_in_for_while_it_may_be(
    run_edge: Callable[..., Any], free_port: int
) -> None:
    kept = b"HTTP/1.1 200 OK\r\nCache-Control: max-age=0, stale-if-error=600\r\nContent-Length: 2\r\n\r\nok"
    with listening(kept) as url:
        edge = run_edge(url)
        assert edge.get("/kept").body == b"ok"
    assert (edge.get("/kept").body, edge.get("/other").status) == (b"ok", 502)
    assert run_edge(f"http://127.0.0.1:{free_port}").get("/").status == 502


def test_an_origin_whose_certificate_nobody_knows_is_a_502(
    run_edge: Callable[..., Any], behind: Origin
) -> None:
    """Nor is one that speaks no TLS at all."""
    edge = run_edge(behind.url.replace("http:", "https:"))
    assert edge.get("/").status == 502


def test_two_edges_in_front_of_one_another_find_it_out(run_edge: Callable[..., Any], free_port: int) -> None:
    """A loop: ``Via`` shows it, and the request ends."""
    first = run_edge(f"http://127.0.0.1:{free_port}")
    run_edge(first.url, port=free_port)
    assert first.get("/").status == 508


def test_health_is_open_and_the_rest_needs_the_token(edge: Any, origin: Origin) -> None:
    assert edge.get("/_isrgen/health").status == 200
    assert edge.get("/_isrgen/metrics").status == 401
    assert edge.get("/_isrgen/metrics", authorization=f"Bearer {TOKEN}").status == 200
    assert origin.lines == []


def test_a_purge_names_paths_of_the_host_that_is_asked_or_whole_urls(edge: Any, origin: Origin) -> None:
    edge.get("/purged", host="a.example")
    edge.get("/purged", host="b.example")
    told = {"authorization": f"Bearer {TOKEN}", "host": "a.example"}
    assert (
        edge.ask("POST", "/_isrgen/revalidate", told, b'{"paths": ["/purged"], "hard": true}').status == 200
    )
    edge.get("/purged", host="a.example")
    edge.get("/purged", host="b.example")
    assert len(origin.lines) == 3
    order = b'{"paths": ["http://b.example/purged"], "hard": true}'
    assert edge.ask("POST", "/_isrgen/revalidate", told, order).status == 200
    edge.get("/purged", host="a.example")
    edge.get("/purged", host="b.example")
    assert len(origin.lines) == 4


def test_what_is_kept_on_disk_is_there_after_a_restart(
    run_edge: Callable[..., Any], origin: Origin, tmp_path: Path
) -> None:
    first = run_edge(origin.url, "--store", "disk:kept", "--origin-host", "app.example", cwd=tmp_path)
    first.get("/disk", host="shop.example")
    assert first.stop() == 0
    second = run_edge(origin.url, "--store", "disk:kept", cwd=tmp_path)
    assert "isrgen; hit" in second.get("/disk", host="shop.example").cache
    assert len(origin.lines) == 1
    assert origin.last()["host"] == "app.example"


def test_a_trusted_proxy_says_scheme_host_and_client(run_edge: Callable[..., Any], origin: Origin) -> None:
    edge = run_edge(origin.url, "--trusted-proxy", "127.0.0.0/8")
    said = {
        "x-forwarded-proto": "https",
        "x-forwarded-host": "shop.example",
        "x-forwarded-for": "203.0.113.9",
    }
    edge.ask("GET", "/", said)
    assert origin.last()["forwarded"] == "for=203.0.113.9;host=shop.example;proto=https"
    edge.get("/", host="shop.example")
    assert len(origin.lines) == 2


def test_responses_are_logged_where_that_is_asked_for(
    run_edge: Callable[..., Any], origin: Origin, tmp_path: Path
) -> None:
    edge = run_edge(origin.url, "--access-log", "access", cwd=tmp_path)
    edge.get("/a%2Fb?x=1")
    edge.get("/a%2Fb?x=1")
    edge.ask("CONNECT", "x:1")
    assert edge.stop() == 0
    lines = [json.loads(line) for line in (tmp_path / "access").read_text().splitlines()]
    assert [(line["path"], line["status"], line["cache"]) for line in lines[:2]] == [
        ("/a%2Fb?x=1", 200, "miss"),
        ("/a%2Fb?x=1", 200, "hit"),
    ]
    assert [line["client"] for line in lines] == ["127.0.0.1"] * len(lines)


def test_it_ends_well_on_sigterm(run_edge: Callable[..., Any], origin: Origin) -> None:
    edge = run_edge(origin.url)
    edge.get("/")
    assert edge.stop() == 0
    assert "Traceback" not in "".join(edge.errors)
