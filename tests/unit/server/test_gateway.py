"""The gateway between a server and the cache: what goes in, what comes out, and who is told of an end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from isrgen.caching.status import CacheStatus
from isrgen.edge.counters import Count, Counters
from isrgen.edge.exchange import Served
from isrgen.edge.origin import OriginRequest, TruncatedError
from isrgen.server.gateway import Gateway
from isrgen.server.ledger import Ledger
from isrgen.server.message import Incoming, Outgoing
from isrgen.server.proxies import Proxies

LEDGER = Ledger(Counters(), None, Proxies(()))


class Stream:
    """Chunks, and whether somebody closed it."""

    def __init__(self, *chunks: bytes, fault: Exception | None = None, endless: bool = False) -> None:
        self._chunks = list(chunks)
        self._fault = fault
        self._endless = endless
        self.closed = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        await asyncio.sleep(0)
        if self._chunks:
            return self._chunks.pop(0)
        if self._endless:
            return b"x"
        if self._fault is not None:
            raise self._fault
        raise StopAsyncIteration

    async def aclose(self) -> None:
        self.closed = True


def served(status: int = 200, *headers: tuple[str, str], body: bytes = b"ok", **more: Any) -> Served:
    facts = {"stream": None, "etag": "", "age": None, "cache_status": CacheStatus(hit=True)} | more
    return Served(status, headers, body, **facts)


@dataclass
class Asked:
    """A cache that answers as it was told, and reads what bodies it is given."""

    answer: Served | Exception
    requests: list[OriginRequest] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def serve(self, request: OriginRequest) -> Served:
        self.requests.append(request)
        if request.body is not None:
            self.bodies.append(b"".join([chunk async for chunk in request.body]))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Endpoints:
    async def answer(self, incoming: Incoming, segments: tuple[str, ...]) -> Outgoing:
        body = await incoming.read_body(100)
        return Outgoing(
            200, [], "/".join(segments).encode() + b" " + body + (incoming.get("host") or "").encode()
        )


@dataclass
class Sent:
    messages: list[Any] = field(default_factory=list)

    @property
    def status(self) -> int:
        return int(self.messages[0]["status"])

    @property
    def headers(self) -> list[tuple[str, str]]:
        return [(name.decode(), value.decode()) for name, value in self.messages[0]["headers"]]

    @property
    def body(self) -> bytes:
        return b"".join(message["body"] for message in self.messages[1:])

    @property
    def is_whole(self) -> bool:
        return not self.messages[-1].get("more_body", False)


def ask(
    cache: Asked,
    method: str = "GET",
    path: str = "/",
    *headers: tuple[bytes, bytes],
    receive: Callable[[int], Any] | None = None,
    **more: Any,
) -> Sent:
    """One request through the gateway; ``receive`` gives the message of each number, None for a wait."""
    sent = Sent()
    number = -1

    async def hear() -> Any:
        nonlocal number
        number += 1
        message = receive(number) if receive is not None else None
        if message is None:
            await asyncio.Event().wait()
        return message

    async def say(message: Any) -> None:
        sent.messages.append(message)

    scope = {
        "type": "http", "method": method, "scheme": "http", "http_version": "1.1", "path": path,
        "raw_path": path.encode(), "query_string": more.get("query", b""), "client": ("203.0.113.9", 5),
        "headers": [(b"host", b"shop.example"), *headers],
    }  # fmt: skip

    async def run() -> None:
        gateway = Gateway(cache, Endpoints(), "me", Proxies(()), LEDGER, body_pause=more.get("pause", 5.0))
        await gateway(scope, hear, say)

    asyncio.run(run())
    return sent


def pieces(*bodies: bytes, gone: bool = False) -> Callable[[int], Any]:
    def receive(number: int) -> Any:
        if number < len(bodies):
            more = gone or number < len(bodies) - 1
            return {"type": "http.request", "body": bodies[number], "more_body": more}
        return {"type": "http.disconnect"} if gone else None

    return receive


def test_the_cache_is_asked_with_the_facts_of_the_request() -> None:
    cache = Asked(served())
    ask(cache, "GET", "/a%2Fb", (b"X-A", b"1"), (b"connection", b"close"))
    assert cache.requests == [
        OriginRequest("GET", "http", "shop.example", "/a%2Fb", (("x-a", "1"),), None, "203.0.113.9")
    ]


def test_a_body_is_passed_on_piece_by_piece() -> None:
    cache = Asked(served())
    ask(cache, "PUT", "/", (b"content-length", b"4"), receive=pieces(b"ab", b"cd"))
    assert cache.bodies == [b"abcd"]
    assert cache.requests[0].headers == (("content-length", "4"),)


def test_fields_that_a_cache_writes_come_last_and_once() -> None:
    origin = (("cache-status", "far; hit"), ("via", "1.1 far"), ("content-length", "99"), ("x-a", "1"))
    sent = ask(Asked(served(200, *origin, etag='"e"', age=7)))
    assert sent.headers == [
        ("x-a", "1"),
        ("via", "1.1 far, 1.1 me"),
        ("content-length", "2"),
        ("age", "7"),
        ("etag", '"e"'),
        ("cache-status", "far; hit, isrgen; hit"),
    ]
    assert (sent.status, sent.body, sent.is_whole) == (200, b"ok", True)


def test_the_origin_s_own_age_stays_where_the_cache_adds_none() -> None:
    assert dict(ask(Asked(served(200, ("age", "7200")))).headers)["age"] == "7200"


def test_fields_of_the_origin_s_connection_are_not_passed_on() -> None:
    sent = ask(Asked(served(200, ("connection", "x-a"), ("x-a", "1"), ("keep-alive", "timeout=5"))))
    assert [name for name, _ in sent.headers] == ["via", "content-length", "cache-status"]


@pytest.mark.parametrize(
    ("method", "status", "body", "length", "expected"),
    [
        ("HEAD", 200, b"ok", None, "2"),
        ("HEAD", 200, b"", "99", "99"),
        ("GET", 204, b"", None, None),
        ("GET", 304, b"", "99", "99"),
        ("GET", 200, b"", None, "0"),
    ],
)
def test_the_length_is_that_of_the_body_or_of_the_one_there_would_be(
    method: str, status: int, body: bytes, length: str | None, expected: str | None
) -> None:
    headers = (("content-length", length),) if length else ()
    sent = ask(Asked(served(status, *headers, body=body)), method)
    assert dict(sent.headers).get("content-length") == expected
    assert sent.body == (b"" if method == "HEAD" else body)


def test_a_stream_is_sent_to_its_end_and_closed() -> None:
    stream = Stream(b"a", b"b")
    sent = ask(Asked(served(200, ("content-length", "2"), body=b"", stream=stream)))
    assert (sent.body, sent.is_whole, stream.closed) == (b"ab", True, True)
    assert dict(sent.headers)["content-length"] == "2"


def test_a_stream_that_is_cut_off_is_never_completed() -> None:
    sent = ask(Asked(served(body=b"", stream=Stream(b"a", fault=TruncatedError("cut")))))
    assert (sent.body, sent.is_whole) == (b"a", False)


def test_head_closes_a_stream_unread() -> None:
    stream = Stream(b"a")
    assert ask(Asked(served(body=b"", stream=stream)), "HEAD").body == b""
    assert stream.closed


def test_a_visitor_who_goes_away_ends_the_stream() -> None:
    stream = Stream(endless=True)
    ask(Asked(served(body=b"", stream=stream)), receive=lambda number: {"type": "http.disconnect"})
    assert stream.closed


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_visitor_who_is_gone_before_the_response_begins_lets_go_of_the_origin(method: str) -> None:
    """ASGI servers raise OSError then; the origin's connection would be in use for ever."""
    stream = Stream(endless=True)

    async def gone(message: Any) -> None:
        raise OSError("the client went away")

    async def hear() -> Any:
        await asyncio.Event().wait()

    scope = {
        "type": "http", "method": method, "scheme": "http", "http_version": "1.1", "path": "/",
        "raw_path": b"/", "client": None, "query_string": b"", "headers": [(b"host", b"shop.example")],
    }  # fmt: skip
    gateway = Gateway(Asked(served(body=b"", stream=stream)), Endpoints(), "me", Proxies(()), LEDGER)
    with pytest.raises(OSError, match="went away"):
        asyncio.run(gateway(scope, hear, gone))
    assert stream.closed


def test_a_body_that_breaks_off_is_a_400_for_whoever_still_listens() -> None:
    cache = Asked(served())
    sent = ask(cache, "PUT", "/", (b"content-length", b"9"), receive=pieces(b"half", gone=True))
    assert (sent.status, cache.bodies) == (400, [])


def test_a_body_that_does_not_come_is_a_408() -> None:
    assert ask(Asked(served()), "PUT", "/", (b"content-length", b"9"), pause=0.02).status == 408


def test_a_fault_of_ours_is_a_500_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    sent = ask(Asked(ValueError("inner words")), "GET", "/x", query=b"token=mine")
    assert sent.status == 500
    assert "mine" not in caplog.text
    assert b"inner words" not in sent.body
    assert "GET /x could not be answered" in caplog.text


def test_what_is_refused_never_reaches_the_cache() -> None:
    cache = Asked(served())
    assert ask(cache, "GET", "/", (b"via", b"1.1 me")).status == 508
    assert ask(cache, "POST", "/", (b"transfer-encoding", b"gzip")).status == 501
    assert cache.requests == []


@pytest.mark.parametrize("path", ["/_isrgen/health", "/%5Fisrgen/health", "/_isrgen/health/"])
def test_our_own_endpoints_are_ours_however_they_are_written(path: str) -> None:
    cache = Asked(served())
    sent = ask(cache, "POST", path, (b"content-length", b"4"), receive=pieces(b"body"))
    assert sent.body == b"_isrgen/health bodyshop.example"
    assert cache.requests == []


@pytest.mark.parametrize("path", ["/_isrgen%2Fhealth", "//_isrgen/health", "/a/../_isrgen/health", "/%ff"])
def test_paths_that_only_the_origin_understands_are_the_origin_s(path: str) -> None:
    cache = Asked(served())
    ask(cache, "GET", path)
    assert [request.target for request in cache.requests] == [path]


def test_trace_and_options_end_here_when_max_forwards_is_used_up() -> None:
    """RFC 9110 section 7.6.2."""
    cache = Asked(served())
    assert ask(cache, "OPTIONS", "/", (b"max-forwards", b"0")).status == 204
    assert ask(cache, "TRACE", "/", (b"max-forwards", b"0")).status == 405
    assert cache.requests == []


def test_a_visitor_who_takes_nothing_lets_go_of_the_origin() -> None:
    stream = Stream(b"a", b"b", endless=True)
    sent: list[Any] = []

    async def never(message: Any) -> None:
        sent.append(message)
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()

    async def wait() -> Any:
        await asyncio.Event().wait()

    scope = {
        "type": "http", "method": "GET", "scheme": "http", "http_version": "1.1", "path": "/",
        "raw_path": b"/", "client": None, "query_string": b"", "headers": [(b"host", b"shop.example")],
    }  # fmt: skip
    gateway = Gateway(
        Asked(served(body=b"", stream=stream)), Endpoints(), "me", Proxies(()), LEDGER, body_pause=0.02
    )
    asyncio.run(gateway(scope, wait, never))
    assert stream.closed
    assert sent[-1]["more_body"]


def test_responses_are_counted_refusals_too() -> None:
    before = LEDGER.counters.totals()
    ask(Asked(served()))
    ask(Asked(served(body=b"", stream=Stream(b"abc"))))
    ask(Asked(served()), "GET", "/", (b"via", b"1.1 me"))
    after = LEDGER.counters.totals()
    added = {
        count: after[count] - before[count] for count in (Count.REQUESTS, Count.STATUS_2XX, Count.STATUS_5XX)
    }
    assert added == {Count.REQUESTS: 3, Count.STATUS_2XX: 2, Count.STATUS_5XX: 1}
    assert after[Count.RESPONSE_BYTES] - before[Count.RESPONSE_BYTES] > 5
