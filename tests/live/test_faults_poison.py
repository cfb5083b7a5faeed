"""Headers that could put one visitor's words on the page of all: no other visitor ever sees them."""

from __future__ import annotations

import http.client
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import programs
import pytest
from faults_site import STEADY, build

EVIL = {
    "Forwarded": "for=evil;host=evil.example;proto=evil",
    "Front-End-Https": "evil",
    "True-Client-IP": "evil",
    "X-Client-IP": "evil",
    "X-Cluster-Client-IP": "evil",
    "X-Forwarded-For": "evil",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Path": "/evil/",
    "X-Forwarded-Port": "evil",
    "X-Forwarded-Prefix": "/evil",
    "X-Forwarded-Proto": "evil",
    "X-Forwarded-Scheme": "evil",
    "X-Forwarded-Server": "evil.example",
    "X-HTTP-Host-Override": "evil.example",
    "X-HTTP-Method": "EVIL",
    "X-HTTP-Method-Override": "EVIL",
    "X-Host": "evil.example",
    "X-Isrgen-Path": "/evil/",
    "X-Method-Override": "EVIL",
    "X-Original-Host": "evil.example",
    "X-Original-URI": "/evil/",
    "X-Original-URL": "/evil/",
    "X-Real-IP": "evil",
    "X-Rewrite-URL": "/evil/",
    "X-Scheme": "evil",
    "X-URL-Scheme": "evil",
}


def get(port: int, path: str, headers: Mapping[str, str]) -> tuple[int, str, str]:
    """The status, everything that came, and the Cache-Status."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path, headers=dict(headers))
        response = connection.getresponse()
        told = "\n".join(f"{name}: {value}" for name, value in response.getheaders())
        return (
            response.status,
            f"{told}\n\n{response.read().decode()}".lower(),
            response.headers["Cache-Status"],
        )
    finally:
        connection.close()


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("serve")
    server = programs.isrgen(folder, "serve", "--no-build", "--site", str(build(folder / "site")))
    yield server.port
    server.end()


class Trusting(BaseHTTPRequestHandler):
    """An application that repeats whatever a request says of itself, on a page for everybody."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = f"{self.path}\n{self.headers}".encode()
        self.send_response(200)
        self.send_header("Cache-Control", "max-age=600")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    origin = ThreadingHTTPServer(("127.0.0.1", 0), Trusting)
    origin.daemon_threads = True
    Thread(target=origin.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{origin.server_port}"
    program = programs.isrgen(tmp_path_factory.mktemp("edge"), "edge", "--origin", address)
    yield program.port
    program.end()
    origin.shutdown()
    origin.server_close()


@pytest.mark.parametrize("name", EVIL)
def test_what_a_site_s_page_reads_of_it_is_kept_for_nobody(name: str, serve: int) -> None:
    path = f"/told/{name}/"
    status, _, _ = get(serve, path, {name: EVIL[name]})
    assert status == 200
    for _ in range(2):
        status, told, _ = get(serve, path, {})
        assert (status, "evil" in told) == (200, False), told
        assert f"told none get https://example.org{path}".lower() in told


def test_no_header_changes_which_page_is_sent_or_asks_for_another_render(serve: int) -> None:
    get(serve, STEADY, {})
    expected = get(serve, STEADY, {})[1].partition("\n\n")[2]
    for name, value in EVIL.items():
        status, told, cache = get(serve, STEADY, {name: value})
        assert (status, told.partition("\n\n")[2], "hit" in cache) == (200, expected, True), name
    assert expected == "page steady"


@pytest.mark.parametrize("name", EVIL)
def test_an_application_behind_the_edge_is_not_told_it(name: str, edge: int) -> None:
    path = f"/{name}?x=1"
    assert "evil" not in get(edge, path, {name: EVIL[name]})[1]
    status, told, cache = get(edge, path, {})
    assert (status, "evil" in told, "hit" in cache) == (200, False, True), told


def test_a_host_is_a_key_of_its_own(edge: int) -> None:
    assert "evil.example" in get(edge, "/host", {"Host": "evil.example"})[1]
    _, told, cache = get(edge, "/host", {"Host": "good.example"})
    assert ("evil" in told, "hit" in cache) == (False, False)
