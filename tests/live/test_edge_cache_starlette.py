"""``EdgeCache`` around a Starlette application, served by uvicorn."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket

from isrgen import EdgeCache

TOKEN = "a-token-long-enough"
BIG = 64 * 1024 * 1024


class Shop:
    """The application, and what was asked of it."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.events: list[str] = []
        self.sent = 0
        self.status = 200
        self.pause = 0.0
        self.headers: dict[str, str] = {"cache-control": "public, max-age=10, stale-while-revalidate=60"}
        self.app = Starlette(
            lifespan=self.lifespan,
            routes=[
                Route("/page", self.page, methods=["GET", "POST", "BREW"]),
                Route("/echo", self.echo, methods=["POST"]),
                Route("/big", self.big),
                Route("/cut", self.cut),
                Route("/state", self.state),
                Route("/after", self.after),
                Mount("/below", routes=[Route("/{name}", self.below, name="below")]),
                WebSocketRoute("/socket", self.socket),
            ],
        )

    @contextlib.asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[dict[str, Any]]:
        self.events.append("startup")
        yield {"pool": "open"}
        self.events.append("shutdown")

    async def page(self, request: Request) -> Response:
        self.seen.append(request.method)
        await asyncio.sleep(self.pause)
        text = f"{request.method} {len(self.seen)} {request.headers.get('accept-language', '')}"
        return PlainTextResponse(text, self.status, self.headers)

    async def echo(self, request: Request) -> Response:
        size = 0
        async for chunk in request.stream():
            size += len(chunk)
        return PlainTextResponse(str(size))

    async def big(self, request: Request) -> Response:
        async def chunks() -> AsyncIterator[bytes]:
            for _ in range(BIG // 65536):
                self.sent += 65536
                yield b"x" * 65536
            self.events.append("sent")

        return StreamingResponse(chunks(), headers=self.headers)

    async def cut(self, request: Request) -> Response:
        async def chunks() -> AsyncIterator[bytes]:
            self.seen.append("cut")
            yield b"half"
            raise OSError("the disk is gone")

        return StreamingResponse(chunks(), headers=self.headers)

    async def state(self, request: Request) -> Response:
        return PlainTextResponse(request.state.pool)

    async def after(self, request: Request) -> Response:
        async def later() -> None:
            self.events.append("after")

        return PlainTextResponse("ok", headers=self.headers, background=BackgroundTask(later))

    async def below(self, request: Request) -> Response:
        return PlainTextResponse(str(request.url_for("below", name="x")), headers=self.headers)

    async def socket(self, websocket: WebSocket) -> None:
        await websocket.accept()


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def served(shop: Shop, serve_app: Callable[..., Any]) -> Any:
    return serve_app(lambda clock: EdgeCache(shop.app, token=TOKEN, clock=clock))


def purge(served: Any, **order: Any) -> Any:
    headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
    return served.ask("POST", "/_isrgen/revalidate", headers, json.dumps(order))


def test_a_miss_is_kept_and_the_next_is_a_hit(served: Any, shop: Shop) -> None:
    first, second = served.get("/page"), served.get("/page")
    assert (first.text, second.text) == ("GET 1 ", "GET 1 ")
    assert "fwd=uri-miss" in first.cache
    assert "stored" in first.cache
    assert "isrgen; hit" in second.cache
    assert second.headers["age"].isdigit()
    assert second.headers["cache-control"] == "public, max-age=10, stale-while-revalidate=60"
    assert second.headers["via"].startswith("1.1 isrgen-")
    assert shop.seen == ["GET"]


def test_the_server_that_runs_it_writes_the_only_date(served: Any) -> None:
    first, second = served.get("/page"), served.get("/page")
    assert parsedate_to_datetime(first.headers["date"])
    assert parsedate_to_datetime(second.headers["date"])
    assert first.headers["date"].count("GMT") == second.headers["date"].count("GMT") == 1


def test_a_stale_page_is_sent_at_once_and_refreshed_behind(served: Any) -> None:
    served.get("/page")
    served.clock.moved = 15
    stale = served.get("/page")
    assert stale.text == "GET 1 "
    assert int(stale.headers["age"]) >= 15
    fresh = served.until("/page", lambda response: response.text != "GET 1 ")
    assert fresh.text == "GET 2 "


def test_past_its_window_a_page_is_asked_for_again(served: Any) -> None:
    served.get("/page")
    served.clock.moved = 100
    assert served.get("/page").text == "GET 2 "


def test_query_and_host_are_part_of_the_key(served: Any) -> None:
    texts = [served.get("/page?a=1&b=2").text, served.get("/page?b=2&a=1").text, served.get("/page").text]
    texts.append(served.get("/page", host="other.example").text)
    assert texts == ["GET 1 ", "GET 2 ", "GET 3 ", "GET 4 "]


def test_variants_lie_side_by_side(served: Any, shop: Shop) -> None:
    shop.headers["vary"] = "Accept-Language"
    asked = [served.get("/page", accept_language=language).text for language in ("de", "en", "de", "en")]
    assert asked == ["GET 1 de", "GET 2 en", "GET 1 de", "GET 2 en"]


@pytest.mark.parametrize(
    "headers",
    [
        {"cache-control": "private, max-age=60"},
        {"cache-control": "no-store"},
        {"cache-control": "public, max-age=60", "set-cookie": "session=1"},
        {"cache-control": "public, max-age=60", "vary": "*"},
        {},
    ],
)
def test_what_is_for_one_visitor_is_never_shared(served: Any, shop: Shop, headers: dict[str, str]) -> None:
    shop.headers = headers
    assert [served.get("/page").text for _ in range(3)] == ["GET 1 ", "GET 2 ", "GET 3 "]


def test_an_answer_to_authorization_is_shared_only_if_it_says_so(served: Any, shop: Shop) -> None:
    """RFC 9111 section 3.5."""
    shop.headers = {"cache-control": "max-age=10"}
    assert served.get("/page", authorization="Basic YTpi").text == "GET 1 "
    assert served.get("/page").text == "GET 2 "
    assert served.get("/page", authorization="Basic YTpi").text == "GET 3 "
    shop.headers = {"cache-control": "public, max-age=10"}
    assert served.get("/page?public", authorization="Basic YTpi").text == "GET 4 "
    assert served.get("/page?public").text == "GET 4 "


def test_a_forwarded_host_poisons_nothing(served: Any) -> None:
    evil = {"x-forwarded-host": "evil.example", "x-original-url": "/echo", "x-forwarded-proto": "https"}
    first = served.ask("GET", "/below/a", evil)
    assert first.text == f"http://127.0.0.1:{served.port}/below/x"
    assert served.get("/below/a").text == first.text


def test_unsafe_methods_invalidate_also_unknown_ones(served: Any) -> None:
    """RFC 9111 section 4.4."""
    served.get("/page")
    assert served.ask("POST", "/page").text == "POST 2 "
    assert served.get("/page").text == "GET 3 "
    served.ask("BREW", "/page")
    assert served.get("/page").text == "GET 5 "


def test_a_failed_post_invalidates_nothing(served: Any, shop: Shop) -> None:
    served.get("/page")
    shop.status = 500
    served.ask("POST", "/page")
    assert served.get("/page").text == "GET 1 "


def test_head_is_answered_from_a_stored_get(served: Any, shop: Shop) -> None:
    served.get("/page")
    head = served.ask("HEAD", "/page")
    assert (head.body, head.headers["content-length"]) == (b"", str(len("GET 1 ")))
    assert shop.seen == ["GET"]


def test_a_visitor_who_has_the_page_gets_a_304_from_the_cache(served: Any, shop: Shop) -> None:
    shop.headers["etag"] = '"v1"'
    served.get("/page")
    again = served.get("/page", if_none_match='W/"v1"')
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", '"v1"')
    assert shop.seen == ["GET"]


def test_a_range_is_cut_from_a_stored_page(served: Any, shop: Shop) -> None:
    shop.headers["etag"] = '"v1"'
    served.get("/page")
    part = served.get("/page", range="bytes=0-2")
    assert (part.status, part.body, part.headers["content-range"]) == (206, b"GET", "bytes 0-2/6")


def test_a_large_body_is_streamed_to_who_reads_and_not_kept(served: Any, shop: Shop) -> None:
    assert len(served.get("/big").body) == BIG
    served.get("/big")
    assert shop.sent == 2 * BIG


def test_a_visitor_who_goes_away_ends_the_application_s_stream(served: Any, shop: Shop) -> None:
    shop.headers = {"cache-control": "no-store"}
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as sock:
        sock.sendall(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
        sock.recv(1000)
    assert served.get("/page").status == 200
    served.stop()
    assert shop.sent < BIG
    assert "sent" not in shop.events


def test_a_large_body_is_streamed_to_the_application(served: Any) -> None:
    chunks = (b"x" * 65536 for _ in range(BIG // 65536))
    assert served.ask("POST", "/echo", {"content-length": str(BIG)}, chunks).text == str(BIG)


def is_broken(served: Any) -> bool:
    try:
        return bool(served.get("/cut").status >= 500)
    except (OSError, HTTPException):
        return True


def test_a_body_that_breaks_off_is_not_kept_and_not_passed_off_as_whole(served: Any, shop: Shop) -> None:
    assert is_broken(served)
    assert is_broken(served)
    assert shop.seen.count("cut") == 2


def test_many_who_miss_at_once_cause_one_call(served: Any, shop: Shop) -> None:
    shop.pause = 0.1
    with ThreadPoolExecutor(20) as pool:
        texts = set(pool.map(lambda _: served.get("/page").text, range(20)))
    assert texts == {"GET 1 "}


def test_a_purge_reaches_paths_of_the_host_that_is_asked_and_whole_urls(served: Any) -> None:
    host = f"http://127.0.0.1:{served.port}"
    served.get("/page")
    assert purge(served, paths=["/page"], hard=True).status == 200
    assert served.get("/page").text == "GET 2 "
    assert purge(served, paths=[f"{host}/page"], hard=True).status == 200
    assert served.get("/page").text == "GET 3 "
    assert purge(served, paths=["http://other.example/page"], hard=True).status == 200
    assert served.get("/page").text == "GET 3 "


def test_a_soft_purge_sends_the_old_page_while_the_new_one_is_made(served: Any) -> None:
    served.get("/page")
    purge(served, paths=["/page"])
    assert served.get("/page").text in ("GET 1 ", "GET 2 ")
    assert served.until("/page", lambda response: response.text == "GET 2 ")


def test_the_admin_endpoints_need_the_token_and_health_does_not(served: Any, shop: Shop) -> None:
    assert served.get("/_isrgen/health").status == 200
    assert served.ask("POST", "/_isrgen/revalidate", body="{}").status == 401
    assert served.get("/_isrgen/metrics", authorization=f"Bearer {TOKEN}").status == 200
    assert shop.seen == []


def test_the_lifespan_and_its_state_are_the_application_s(served: Any, shop: Shop) -> None:
    assert shop.events == ["startup"]
    assert served.get("/state").text == "open"
    served.stop()
    assert shop.events == ["startup", "shutdown"]


def test_what_is_done_after_a_response_is_done(served: Any, shop: Shop) -> None:
    served.get("/after")
    served.stop()
    assert shop.events == ["startup", "after", "shutdown"]


def test_other_scopes_reach_the_application_untouched(shop: Shop) -> None:
    said: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        said.append(message)

    scope = {
        "type": "websocket", "path": "/socket", "raw_path": b"/socket", "query_string": b"", "headers": [],
        "subprotocols": [], "scheme": "ws", "root_path": "",
    }  # fmt: skip
    asyncio.run(EdgeCache(shop.app)(scope, receive, send))
    assert [message["type"] for message in said] == ["websocket.accept"]
