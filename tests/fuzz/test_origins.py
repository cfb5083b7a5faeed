"""Whatever an application answers, its visitors get it whole or are told, and nothing wrong is kept."""

from __future__ import annotations

import asyncio
from typing import Any

from fuzzing import LATIN, TOKEN, effort
from hypothesis import example, given
from hypothesis import strategies as st

from isrgen.edge.stores.memory import MemoryStore
from isrgen.server.edge_cache import EdgeCache
from isrgen.server.files import accepts_gzip

NAMES = TOKEN.map(str.lower) | st.sampled_from(
    ["cache-control", "content-length", "content-type", "etag", "vary", "date", "connection", "set-cookie",
     "age", "transfer-encoding", "expires", "cache-tag", "content-encoding", "last-modified", "via",
     "cache-status"]
)  # fmt: skip
LENGTHS = st.sampled_from(
    ["0", "3", "5", "05", "+5", "5_0", "1_0", " 5", "\xb3", "-1", "5, 5", "", "9" * 5000]
)
LINES = st.one_of(
    st.just(("cache-control", "max-age=60")),
    st.just(("cache-control", "max-age=60")),
    st.tuples(st.just("content-length"), LENGTHS),
    st.tuples(NAMES, LATIN | st.sampled_from(["a\r\nx: y", "a\nb", "\x00", "é"])),
    st.tuples(LATIN, LATIN),
)
HEADS = st.lists(LINES, max_size=5)
STATUSES = st.sampled_from([200, 200, 200, 204, 206, 301, 304, 404, 500, 503, 600, 101, 99, 1000])
PIECES = st.lists(st.sampled_from([b"", b"abc", b"abcde", b"x" * 300]), max_size=3)
ENDINGS = st.sampled_from(["end", "end", "end", "stop", "raise", "twice", "garbage"])
Lines = list[tuple[str, str]]


def application(status: int, head: Lines, pieces: list[bytes], ending: str) -> Any:
    """An ASGI application that answers so; how often it was called is in ``calls``."""
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in head]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        app.calls += 1  # type: ignore[attr-defined]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        if ending == "raise":
            raise RuntimeError("in the middle of it")
        if ending == "garbage":
            await send({"type": "http.response.start", "status": 200, "headers": []})
        if ending in ("end", "twice"):
            await send({"type": "http.response.body", "body": b""})
        if ending == "twice":
            await send({"type": "http.response.body", "body": b"more"})

    app.calls = 0  # type: ignore[attr-defined]
    return app


async def visit(cache: EdgeCache, method: str = "GET") -> tuple[list[Any], bytes, bool]:
    """The start, the body, and whether the end of it was told."""
    sent: list[Any] = []
    heard: list[Any] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Any:
        if not heard:
            await asyncio.Event().wait()
        return heard.pop()

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": method, "http_version": "1.1", "scheme": "http", "path": "/",
        "raw_path": b"/", "query_string": b"", "headers": [(b"host", b"a.example")],
        "client": ("192.0.2.1", 1),
    }  # fmt: skip
    await cache(scope, receive, send)
    starts = [message for message in sent if message["type"] == "http.response.start"]
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return starts, body, bool(sent[1:]) and not sent[-1].get("more_body", False)


@effort(120)
@example(200, [("content-length", "1_0")], [b"x" * 10], "end", "HEAD")
@example(200, [("content-length", "+5"), ("cache-control", "max-age=60")], [b"abcde"], "end", "GET")
@example(200, [("content-length", "9" * 5000)], [b"abcde"], "end", "HEAD")
@given(STATUSES, HEADS, PIECES, ENDINGS, st.sampled_from(["GET", "GET", "GET", "HEAD"]))
def test_a_visitor_gets_one_whole_message_or_one_that_breaks_off(
    status: int, head: Lines, pieces: list[bytes], ending: str, method: str
) -> None:
    async def run() -> None:
        app, store = application(status, head, pieces, ending), MemoryStore()
        cache = EdgeCache(app, store=store)
        for _ in range(2):
            before = app.calls
            (start,), body, ended = await visit(cache, method)
            check(start, body, ended and method == "GET")
            if method == "GET" and ended and start["status"] == 200 and status == 200:
                assert body == b"".join(pieces)
            if app.calls == before:  # it came out of the store
                assert ending in ("end", "twice") or status == 204
                assert not {"\r", "\n", "\0"} & set("".join(name + value for name, value in head))
        await cache._gateway.cache.close()

    asyncio.run(run())


def check(start: Any, body: bytes, ended: bool) -> None:
    """What may go over a wire as it is."""
    assert 200 <= start["status"] <= 999
    lengths = []
    for name, value in start["headers"]:
        assert name == name.lower()
        assert not set(b"\r\n\0") & {*name, *value}
        assert name not in (b"connection", b"transfer-encoding", b"upgrade", b"keep-alive")
        if name == b"content-length":
            lengths.append(value)
    assert len(lengths) <= 1
    for length in lengths:
        assert length.isdigit()
        if ended and start["status"] not in (204, 304):
            assert int(length) == len(body)


CODINGS = st.sampled_from(["gzip", "GZIP", "*", "identity", "br", "gzipx", ""])
WEIGHTS = st.sampled_from(["", ";q=0", ";q=0.0", "; Q=0.000", ";q=1", " ; q=0.5", ";q=0.001"])


@effort(120)
@given(st.lists(st.tuples(CODINGS, WEIGHTS), max_size=4))
def test_gzip_is_sent_to_those_who_take_it(codings: list[tuple[str, str]]) -> None:
    """RFC 9110 section 12.5.3: named with a weight, or by the asterisk when it is not named."""
    weights = {
        name.lower(): float(weight.lower().partition("q=")[2] or 1) for name, weight in reversed(codings)
    }
    own = [weights[name] for name in ("gzip", "x-gzip") if name in weights]
    expected = max(own) > 0 if own else weights.get("*", 0) > 0
    if len({name.lower() for name, _ in codings}) == len(codings) and len(own) < 2:
        assert accepts_gzip(", ".join(name + weight for name, weight in codings)) == expected
