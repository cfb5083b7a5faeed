"""The admin endpoints in front of any application: keys are whole URLs there."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from isrgen import EdgeCache

TOKEN = "s3cret"


class Application:
    """Counts its answers and lets them be kept."""

    def __init__(self) -> None:
        self.count = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.count += 1
        headers = [(b"cache-control", b"s-maxage=60"), (b"content-type", b"text/plain")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": str(self.count).encode()})


class Client:
    """Requests to one ``EdgeCache`` on one event loop."""

    def __init__(self, **settings: Any) -> None:
        self.runner = asyncio.Runner()
        self.cache = EdgeCache(Application(), **settings)

    def ask(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        host: str = "shop.example",
        token: str = TOKEN,
        peer: str = "203.0.113.9",
    ) -> tuple[int, dict[str, str], str]:
        return self.runner.run(self._ask(method, path, body, host, token, peer))

    async def _ask(
        self, method: str, path: str, body: bytes, host: str, token: str, peer: str
    ) -> tuple[int, dict[str, str], str]:
        raw, _, query = path.partition("?")
        headers = [(b"host", host.encode()), (b"content-length", str(len(body)).encode())]
        if "_isrgen" in path and token:
            headers.append((b"authorization", f"Bearer {token}".encode()))
        scope = {
            "type": "http", "http_version": "1.1", "method": method, "scheme": "http", "path": raw,
            "raw_path": raw.encode(), "query_string": query.encode(), "headers": headers, "client": (peer, 1),
        }  # fmt: skip
        messages = [{"type": "http.request", "body": body, "more_body": False}]
        sent: list[Any] = []

        async def receive() -> Any:
            return messages.pop(0) if messages else await asyncio.Event().wait()

        async def send(message: Any) -> None:
            sent.append(message)

        await self.cache(scope, receive, send)
        found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return sent[0]["status"], found, b"".join(message.get("body", b"") for message in sent[1:]).decode()


@pytest.fixture
def client() -> Any:
    made = Client(token=TOKEN)
    yield made
    made.runner.close()


def purge(client: Client, host: str = "shop.example", **order: Any) -> int:
    return client.ask("POST", "/_isrgen/revalidate", json.dumps(order).encode(), host)[0]


@pytest.mark.parametrize("path", ["/tea", "http://shop.example/tea"])
def test_a_path_is_that_of_the_host_that_is_asked_and_a_url_is_itself(client: Client, path: str) -> None:
    for host in ("shop.example", "other.example"):
        client.ask("GET", "/tea", host=host)
    assert purge(client, paths=[path], hard=True) == 200
    assert client.ask("GET", "/tea")[2] == "3"
    assert client.ask("GET", "/tea", host="other.example")[2] == "2"


def test_everything_goes_by_its_tag(client: Client) -> None:
    assert [client.ask("GET", "/tea")[2] for _ in range(2)] == ["1", "1"]
    assert purge(client, tags=["all"], hard=True) == 200
    assert client.ask("GET", "/tea")[2] == "2"


def test_what_is_stored_is_listed_shown_and_removed(client: Client) -> None:
    client.ask("GET", "/tea?b=2&a=1")
    key = "http://shop.example/tea?b=2&a=1"
    listed = json.loads(client.ask("GET", "/_isrgen/cache")[2])
    assert [(entry["key"], entry["state"]) for entry in listed["entries"]] == [(key, "fresh")]
    encoded = "http%3A%2F%2Fshop.example%2Ftea%3Fb%3D2%26a%3D1"
    shown = json.loads(client.ask("GET", f"/_isrgen/cache?key={encoded}&body=1")[2])
    assert shown["variants"][0]["body"] == "1"
    assert json.loads(client.ask("DELETE", f"/_isrgen/cache?key={encoded}")[2]) == {"removed": 1}
    assert client.ask("GET", "/tea?b=2&a=1")[2] == "2"


def test_a_listing_by_a_path_is_that_of_the_host_that_is_asked(client: Client) -> None:
    for host, path in (("shop.example", "/tea/a"), ("shop.example", "/pots"), ("m.shop.example", "/tea/b")):
        client.ask("GET", path, host=host)

    def listed(prefix: str) -> list[str]:
        _, _, text = client.ask("GET", f"/_isrgen/cache?prefix={prefix}")
        return [entry["key"] for entry in json.loads(text)["entries"]]

    assert listed("/tea/") == ["http://shop.example/tea/a"]
    assert listed("/") == ["http://shop.example/pots", "http://shop.example/tea/a"]
    assert listed("http://m.") == ["http://m.shop.example/tea/b"]
    assert len(listed("")) == 3


def test_metrics_tell_of_hits_and_misses(client: Client) -> None:
    for _ in range(3):
        client.ask("GET", "/tea")
    status, headers, text = client.ask("GET", "/_isrgen/metrics")
    assert (status, headers["cache-control"]) == (200, "private, no-store")
    assert {"isrgen_hits_total 2", "isrgen_misses_total 1", "isrgen_renders_total 1"} <= set(
        text.splitlines()
    )


def test_the_application_never_sees_a_request_to_an_admin_endpoint(client: Client) -> None:
    for path in ("/_isrgen/nope", "/_isrgen/draft?token=s3cret", "/_isrgen", "/%5Fisrgen/metrics"):
        client.ask("GET", path)
    assert client.cache._app.count == 0
    assert client.ask("GET", "/_isrgen/draft?token=s3cret")[0] == 404


def test_wrong_tokens_are_bounded_here_too(client: Client) -> None:
    statuses = [client.ask("GET", "/_isrgen/metrics", token="wrong")[0] for _ in range(21)]
    assert statuses == [401] * 20 + [429]
    assert client.ask("GET", "/_isrgen/metrics", peer="203.0.113.77")[0] == 200


def test_without_a_token_there_is_health_alone() -> None:
    client = Client()
    assert client.ask("GET", "/_isrgen/health")[0] == 200
    assert {
        client.ask("GET", f"/_isrgen/{name}")[0] for name in ("metrics", "cache", "revalidate", "draft")
    } == {404}
    client.runner.close()
