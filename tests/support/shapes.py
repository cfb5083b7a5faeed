"""Requests as attackers send them, and what a server in front of a site owes each.

A row holds the bytes and the statuses of the answers that may come back on
that connection, in order; several tuples where the RFC leaves a choice. Where
a second answer is not expected, ``SMUGGLED`` has to stay what it is: a part of
the first request, or nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

HOST = b"Host: example.org\r\n"
END = b"Connection: close\r\n\r\n"
POST = b"POST /api/echo HTTP/1.1\r\n" + HOST
GET = b"GET /a/ HTTP/1.1\r\n" + HOST
SMUGGLED = b"GET /smuggled/ HTTP/1.1\r\n" + HOST + END
CHUNKED = b"Transfer-Encoding: chunked\r\n"
LAST = b"0\r\n\r\n"

Answers = tuple[int, ...]


@dataclass(frozen=True)
class Shape:
    name: str
    data: bytes
    answers: tuple[Answers, ...]


def shape(name: str, data: bytes, *answers: Answers | int) -> Shape:
    return Shape(name, data, tuple(a if isinstance(a, tuple) else (a,) for a in answers))


FRAMING = [
    # RFC 9112 section 6.3: Transfer-Encoding wins, and the connection is closed after the answer.
    shape(
        "a-length-before-chunks",
        POST + b"Content-Length: 4\r\n" + CHUNKED + b"\r\n" + LAST + SMUGGLED,
        200,
        400,
    ),
    shape(
        "a-length-after-chunks",
        POST + CHUNKED + b"Content-Length: %d\r\n\r\n" % len(LAST + SMUGGLED) + LAST + SMUGGLED,
        200,
        400,
    ),
    shape(
        "two-lengths",
        POST + b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n" % len(SMUGGLED) + SMUGGLED,
        400,
    ),
    shape("a-list-of-lengths", POST + b"Content-Length: 4, 9\r\n\r\nabcd" + SMUGGLED, 400),
    shape("a-length-with-a-sign", POST + b"Content-Length: +4\r\n\r\nabcd" + SMUGGLED, 400),
    shape("a-negative-length", POST + b"Content-Length: -1\r\n\r\n" + SMUGGLED, 400),
    shape("a-hexadecimal-length", POST + b"Content-Length: 0x4\r\n\r\nabcd" + SMUGGLED, 400),
    shape(
        "an-endless-length",
        POST + b"Content-Length: 99999999999999999999999\r\n\r\nabcd" + SMUGGLED,
        400,
        413,
    ),
    shape("a-blank-before-the-colon", POST + b"Content-Length : 4\r\n\r\nabcd" + SMUGGLED, 400),
    shape("an-unknown-coding", POST + b"Transfer-Encoding: xchunked\r\n\r\n" + LAST + SMUGGLED, 400, 501),
    shape(
        "chunked-is-not-last",
        POST + b"Transfer-Encoding: chunked, identity\r\n\r\n" + LAST + SMUGGLED,
        400,
        501,
    ),
    shape("two-codings", POST + CHUNKED + b"Transfer-Encoding: identity\r\n\r\n" + LAST + SMUGGLED, 400, 501),
    shape(
        "a-vertical-tab-before-chunked",
        POST + b"Transfer-Encoding: \x0bchunked\r\nContent-Length: 5\r\n\r\n" + LAST + SMUGGLED,
        400,
        501,
    ),
    shape("chunks-with-a-blank-name", POST + b"Transfer-Encoding : chunked\r\n\r\n" + LAST + SMUGGLED, 400),
    shape(
        "a-folded-coding",
        POST + b"Transfer-Encoding:\r\n chunked\r\nContent-Length: 5\r\n\r\n" + LAST + SMUGGLED,
        400,
    ),
    shape(
        "chunks-in-http-1.0",
        b"POST /api/echo HTTP/1.0\r\n" + HOST + CHUNKED + b"Content-Length: 5\r\n\r\n" + LAST + SMUGGLED,
        400,
    ),
    # What these mean is beyond doubt: there are two requests.
    shape(
        "a-tab-before-chunked",
        POST + b"Transfer-Encoding:\tchunked\r\n\r\n" + LAST + SMUGGLED,
        (200, 200),
        400,
    ),
    shape(
        "the-same-length-twice", POST + b"Content-Length: 1\r\n" * 2 + b"\r\na" + SMUGGLED, (200, 200), 400
    ),
    shape("a-chunk-extension", POST + CHUNKED + b"\r\n4;a=b\r\nabcd\r\n" + LAST + SMUGGLED, (200, 200), 400),
]

BROKEN_BODIES = [
    shape("no-chunk-size", POST + CHUNKED + b"\r\nzz\r\nabcd\r\n" + LAST + SMUGGLED, 400),
    shape("a-broken-second-chunk", POST + CHUNKED + b"\r\n4\r\nabcd\r\nzz\r\nabcd\r\n" + LAST, 400),
    shape("a-negative-chunk", POST + CHUNKED + b"\r\n-1\r\nabcd\r\n" + LAST + SMUGGLED, 400),
    shape("an-endless-chunk", POST + CHUNKED + b"\r\nffffffffffffffffff\r\nabcd\r\n" + LAST + SMUGGLED, 400),
    shape("chunks-with-bare-line-feeds", POST + CHUNKED + b"\r\n4\nabcd\n0\n\n" + SMUGGLED, 400),
]

LINES = [
    shape("bare-line-feeds", b"GET /a/ HTTP/1.1\nHost: example.org\nConnection: close\n\n", 200, 400),
    shape("bare-carriage-returns", b"GET /a/ HTTP/1.1\rHost: example.org\r\r", 400),
    shape("a-carriage-return-in-a-value", GET + b"X-A: a\rX-B: b\r\n" + END, 400),
    shape("a-nul-in-a-value", GET + b"X-A: a\x00b\r\n" + END, 400),
    shape("a-folded-line", GET + b"X-A: a\r\n b\r\n" + END, 400),
    shape("a-fold-in-the-first-line", b"GET /a/ HTTP/1.1\r\n X-A: a\r\n" + HOST + END, 400),
    shape("no-colon", GET + b"XA\r\n" + END, 400),
    shape("no-name", GET + b": a\r\n" + END, 400),
    shape("a-name-with-a-blank", GET + b"X A: a\r\n" + END, 400),
    shape("blank-lines-first", b"\r\n\r\n" + GET + END, 200, 400),
    shape("nothing-but-noise", b"\x00\x01\x02\x03\x16\x03\x01" * 100, 400, ()),
    shape("tls", bytes.fromhex("1603010200010001fc0303") + b"a" * 200, 400, ()),
]

TARGETS = [
    shape("an-absolute-target", b"GET http://example.org/a/ HTTP/1.1\r\n" + HOST + END, 200),
    shape("no-slash-first", b"GET a/ HTTP/1.1\r\n" + HOST + END, 400),
    shape("get-of-an-asterisk", b"GET * HTTP/1.1\r\n" + HOST + END, 400),
    shape("connect", b"CONNECT example.org:80 HTTP/1.1\r\n" + HOST + END, 400, 405, 501),
    shape("a-control-character", b"GET /a\x01b/ HTTP/1.1\r\n" + HOST + END, 400),
    shape("bytes-that-are-no-utf-8", b"GET /\xff/ HTTP/1.1\r\n" + HOST + END, 400),
    shape("blanks-in-the-target", b"GET /a/ b HTTP/1.1\r\n" + HOST + END, 400),
    shape("two-blanks", b"GET  /a/  HTTP/1.1\r\n" + HOST + END, 400),
    shape("a-control-character-in-the-method", b"G\x01T /a/ HTTP/1.1\r\n" + HOST + END, 400),
    shape("an-unknown-version", b"GET /a/ HTTP/9.9\r\n" + HOST + END, 400, 505),
    shape("a-version-spoken-otherwise", b"GET /a/ HTTP/2.0\r\n" + HOST + END, 400, 505),
    shape("http-0.9", b"GET /a/\r\n\r\n", 400),
    shape("the-preface-of-http-2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, 505, ()),
    # RFC 9112 section 3.2.
    shape("no-host-in-http-1.0", b"GET /a/ HTTP/1.0\r\n\r\n", 200),
    shape("an-empty-host", b"GET /a/ HTTP/1.1\r\nHost:\r\n" + END, 400),
    shape("the-same-host-twice", GET + HOST + END, 400),
    shape("a-host-with-a-user", b"GET /a/ HTTP/1.1\r\nHost: me@example.org\r\n" + END, 400),
    shape("a-host-with-a-path", b"GET /a/ HTTP/1.1\r\nHost: example.org/b\r\n" + END, 400),
    shape("a-host-with-no-port", b"GET /a/ HTTP/1.1\r\nHost: example.org:\r\n" + END, 200),
    shape("an-address-as-host", b"GET /a/ HTTP/1.1\r\nHost: [::1]:8000\r\n" + END, 200),
    shape("no-host", b"GET /a/ HTTP/1.1\r\n" + END, 400),
    shape("two-hosts", GET + b"Host: evil.example\r\n" + END, 400),
    shape("a-host-that-is-none", b"GET /a/ HTTP/1.1\r\nHost: a b/c\r\n" + END, 400),
]

CONNECTIONS = [
    shape(
        "a-body-of-get",
        GET + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(SMUGGLED) + SMUGGLED,
        200,
        400,
    ),
    shape(
        "a-host-among-the-trailers",
        POST + CHUNKED + b"Connection: close\r\n\r\n4\r\nabcd\r\n0\r\nHost: evil.example\r\n\r\n",
        200,
        400,
    ),
    shape(
        "an-upgrade-to-http-2",
        GET + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n" + END,
        200,
        400,
    ),
    shape(
        "an-upgrade-to-a-websocket",
        GET
        + b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        + b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        + END,
        200,
        400,
        426,
    ),
    shape("a-host-that-is-of-the-connection", GET + b"Connection: Host\r\n" + END, 200, 400),
    shape(
        "a-length-that-is-of-the-connection",
        POST + b"Connection: Content-Length, close\r\nContent-Length: 4\r\n\r\nabcd",
        200,
        400,
    ),
    shape(
        "an-expectation-that-nobody-knows",
        POST + b"Expect: magic\r\nContent-Length: 4\r\n" + END + b"abcd",
        200,
        417,
    ),
    shape("trace", b"TRACE /a/ HTTP/1.1\r\n" + HOST + END, 405, 501),
    shape("a-method-in-small-letters", b"get /a/ HTTP/1.1\r\n" + HOST + END, 400, 405, 501),
]

SIZES = [
    shape("a-thousand-headers", GET + b"".join(b"X-%d: 1\r\n" % n for n in range(1000)) + END, 431),
    shape("a-header-of-200-kb", GET + b"X-A: " + b"a" * 200_000 + b"\r\n" + END, 431, 400),
    shape("a-target-of-10-kb", b"GET /" + b"a" * 10_000 + b"/ HTTP/1.1\r\n" + HOST + END, 414),
    shape("a-target-of-200-kb", b"GET /" + b"a" * 200_000 + b"/ HTTP/1.1\r\n" + HOST + END, 414, 431, 400),
    shape("a-query-of-20-kb", b"GET /a/?" + b"a" * 20_000 + b" HTTP/1.1\r\n" + HOST + END, 414),
    shape("two-thousand-parameters", b"GET /a/?" + b"a&" * 2000 + b" HTTP/1.1\r\n" + HOST + END, 414, 200),
    shape("a-method-of-200-kb", b"A" * 200_000 + b" /a/ HTTP/1.1\r\n" + HOST + END, 400, 414, 431),
    shape("a-body-of-20-mb-announced", POST + b"Content-Length: 20000000\r\n" + END, 413, 400, 408, ()),
]

SHAPES = [*FRAMING, *BROKEN_BODIES, *LINES, *TARGETS, *CONNECTIONS, *SIZES]
