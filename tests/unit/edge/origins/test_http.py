"""The origin over HTTP, asked through real sockets and answered by scripts."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Self

import pytest

from isrgen.edge.origin import OriginError, OriginRequest, TruncatedError
from isrgen.edge.origins.http import HttpOrigin, parse_origin
from isrgen.errors import IsrgenError

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Server:
    """Notes every head that it reads, and says what it was told to say, answer by answer."""

    def __init__(self, *answers: bytes, hang_up: bool = False, **listen: Any) -> None:
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []
        self.connections = 0
        self._answers = list(answers)
        self._hang_up = hang_up
        self._listen = listen
        self._writers: list[asyncio.StreamWriter] = []

    def say(self, *answers: bytes) -> None:
        self._answers += answers

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, **self._listen)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for writer in self._writers:
            writer.close()
        await self._server.wait_closed()
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.heads.append(head)
                self.bodies.append(await self._body(head, reader))
                if self._answers:
                    writer.write(self._answers.pop(0))
                    await writer.drain()
                if self._hang_up:
                    writer.close()
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def _body(self, head: bytes, reader: asyncio.StreamReader) -> bytes:
        lowered = head.lower()
        if b"\r\ncontent-length: " in lowered:
            return await reader.readexactly(int(lowered.split(b"content-length: ")[1].split(b"\r\n")[0]))
        if b"\r\ntransfer-encoding: chunked" in lowered:
            return await reader.readuntil(b"0\r\n\r\n")
        return b""


async def pieces(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


def request(method: str = "GET", target: str = "/", **more: Any) -> OriginRequest:
    headers = more.pop("headers", ())
    return OriginRequest(method, "http", "shop.example", target, headers, **more)


async def whole(body: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in body])


def ask(server: Server, *requests: OriginRequest, **settings: Any) -> list[tuple[int, Any, bytes]]:
    """Send these requests one after the other; status, headers and body of each answer."""

    async def run() -> list[tuple[int, Any, bytes]]:
        answers = []
        async with server:
            origin = HttpOrigin(server.url, **settings)
            try:
                for each in requests:
                    response = await origin.fetch(each)
                    answers.append((response.status, response.headers, await whole(response.body)))
            finally:
                await origin.close()
        return answers

    return asyncio.run(run())


def lines(head: bytes) -> list[str]:
    return head.decode("latin-1").split("\r\n")[:-2]


def test_the_target_goes_out_byte_for_byte() -> None:
    server = Server(OK)
    ask(server, request(target="/a%2Fb//c/../%7e?x=%C3%A9|^&y&&y=[1]"))
    assert lines(server.heads[0])[0] == "GET /a%2Fb//c/../%7e?x=%C3%A9|^&y&&y=[1] HTTP/1.1"


def test_unknown_methods_and_fields_keep_their_order_and_repetitions() -> None:
    server = Server(OK)
    ask(server, request("QUIRK", headers=(("x-a", "1"), ("x-b", "\xe9"), ("x-a", "2"))))
    sent = lines(server.heads[0])
    assert sent[0] == "QUIRK / HTTP/1.1"
    assert sent[1:5] == ["host: shop.example", "x-a: 1", "x-b: \xe9", "x-a: 2"]


def test_the_origin_is_told_where_a_request_came_from() -> None:
    server = Server(OK, OK)
    named = (("via", "1.0 cdn"), ("x-forwarded-for", "6.6.6.6"), ("forwarded", "for=6.6.6.6"))
    ask(server, request(headers=named, client="2001:db8::1"), request(), via="me")
    assert lines(server.heads[0])[2:] == [
        "via: 1.0 cdn, 1.1 me",
        'forwarded: for="[2001:db8::1]";host=shop.example;proto=http',
        "x-forwarded-for: 2001:db8::1",
        "x-forwarded-host: shop.example",
        "x-forwarded-proto: http",
    ]
    assert "forwarded: host=shop.example;proto=http" in lines(server.heads[1])


def test_the_origin_may_be_told_a_host_of_its_own() -> None:
    server = Server(OK)
    ask(server, request(), told_host="app.internal")
    assert lines(server.heads[0])[1] == "host: app.internal"
    assert "x-forwarded-host: shop.example" in lines(server.heads[0])


def test_fields_of_one_connection_are_not_passed_on() -> None:
    """RFC 9110 section 7.6.1."""
    server = Server(
        b"HTTP/1.1 200 OK\r\nConnection: X-Mine\r\nX-Mine: 1\r\nKeep-Alive: timeout=5\r\nX-Yours: 2\r\n"
        b"Content-Length: 0\r\n\r\n"
    )
    hops = (("connection", "close, x-mine"), ("x-mine", "1"), ("te", "trailers"), ("upgrade", "h2c"))
    [(_, headers, _)] = ask(server, request(headers=hops))
    assert headers == (("x-yours", "2"), ("content-length", "0"))
    sent = b"\n".join(server.heads).lower()
    assert not any(name in sent for name in (b"x-mine", b"te:", b"upgrade", b"connection"))


def test_a_body_of_known_length_is_sent_with_it_and_any_other_in_chunks() -> None:
    server = Server(OK, OK, OK)
    ask(
        server,
        request("PUT", headers=(("content-length", "5"),), body=pieces(b"he", b"llo")),
        request("PUT", body=pieces(b"he", b"", b"llo")),
        request("POST", headers=(("content-length", "0"),)),
    )
    assert server.bodies == [b"hello", b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", b""]
    assert "content-length: 0" in lines(server.heads[2])


def test_a_connection_is_used_again() -> None:
    server = Server(OK, OK, OK)
    ask(server, request(), request(), request("POST", body=pieces(b"x")))
    assert server.connections == 1


def test_bytes_that_follow_a_response_are_never_the_next_one() -> None:
    server = Server(OK + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL", OK)
    assert [body for _, _, body in ask(server, request(), request())] == [b"ok", b"ok"]
    assert server.connections == 2


def test_a_body_after_head_is_never_the_next_response() -> None:
    server = Server(OK, OK)
    assert [body for _, _, body in ask(server, request("HEAD"), request())] == [b"", b"ok"]
    assert server.connections == 2


class Deaf(Server):
    """Takes a body for the next request, as broken servers do, and is slow to answer that."""

    async def _body(self, head: bytes, reader: asyncio.StreamReader) -> bytes:
        return await reader.readuntil(b"\r\n\r\n") if head.startswith(b"GET /evil ") else b""


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_body_that_the_origin_leaves_unread_is_never_the_next_request(method: str) -> None:
    """RFC 9112 section 11.2; whoever came next would be answered with /evil, and so would the cache."""
    smuggled = b"GET /evil HTTP/1.1\r\nHost: shop.example\r\n\r\n"
    told = (("content-length", str(len(smuggled))),)
    server = Deaf(OK, OK)
    ask(server, request(method, headers=told, body=pieces(smuggled)), request())
    assert server.connections == 2
    assert server.heads[-1].startswith(b"GET / ")


def test_a_connection_that_the_origin_closed_is_not_used() -> None:
    async def run() -> int:
        async with Server(OK, OK, hang_up=True) as server:
            origin = HttpOrigin(server.url)
            for _ in range(2):
                response = await origin.fetch(request())
                await whole(response.body)
                await asyncio.sleep(0.05)
            return server.connections

    assert asyncio.run(run()) == 2


def test_a_request_that_met_a_dying_connection_is_not_sent_again() -> None:
    server = Server(OK)  # says nothing to the second request

    async def run() -> None:
        async with server:
            origin = HttpOrigin(server.url, answer_within=0.2)
            await whole((await origin.fetch(request())).body)
            with pytest.raises(OriginError) as caught:
                await origin.fetch(request("POST", body=pieces(b"pay")))
            assert caught.value.status == 504

    asyncio.run(run())
    assert len(server.heads) == 2
    assert server.connections == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\nBad Name: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\x00b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000,
        b"HTTP/1.1 103 Early Hints\r\n\r\n" * 40,
        b"",
    ],
)
def test_what_is_not_a_response_is_an_error(answer: bytes) -> None:
    with pytest.raises(OriginError) as caught:
        ask(Server(answer, hang_up=True), request())
    assert caught.value.status == 502
    assert not isinstance(caught.value, TruncatedError)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf",
    ],
)
def test_a_body_that_is_cut_off_says_so(answer: bytes) -> None:
    with pytest.raises(TruncatedError):
        ask(Server(answer, hang_up=True), request())


def test_a_length_beside_chunks_is_dropped() -> None:
    """RFC 9112 section 6.3: the chunks are what counts."""
    answer = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 99\r\n\r\n2\r\nok\r\n0\r\n\r\n"
    )
    assert ask(Server(answer), request()) == [(200, (), b"ok")]


def test_a_body_ended_by_the_connection_is_whole() -> None:
    assert ask(Server(b"HTTP/1.0 200 OK\r\n\r\nold", hang_up=True), request()) == [(200, (), b"old")]


def test_interim_responses_are_passed_over() -> None:
    answer = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + OK
    assert ask(Server(answer), request())[0][2] == b"ok"


def test_an_answer_that_comes_before_the_whole_request_is_taken() -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 65536
            await asyncio.sleep(0)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig")
        await writer.drain()
        writer.close()

    async def run() -> tuple[int, bytes]:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            origin = HttpOrigin(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
            response = await origin.fetch(request("POST", body=endless()))
            return response.status, await whole(response.body)

    assert asyncio.run(run()) == (413, b"big")


def test_what_goes_wrong_with_the_visitor_s_body_is_told_and_ends_the_connection() -> None:
    class WentAwayError(Exception):
        pass

    async def broken() -> AsyncIterator[bytes]:
        yield b"half"
        raise WentAwayError

    async def run() -> None:
        async with Server() as server:
            origin = HttpOrigin(server.url)
            with pytest.raises(WentAwayError):
                await origin.fetch(request("POST", body=broken()))

    asyncio.run(run())


def test_a_response_that_nobody_reads_makes_the_origin_wait() -> None:
    sent = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 400000000\r\n\r\n")
        try:
            while True:
                writer.write(b"x" * 1_000_000)
                await writer.drain()
                sent += 1_000_000
        except ConnectionError:
            writer.close()

    async def run() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            origin = HttpOrigin(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
            response = await origin.fetch(request())
            last = -1
            while sent != last:
                last = sent
                await asyncio.sleep(0.2)
            await response.body.aclose()  # type: ignore[attr-defined]

    asyncio.run(run())
    assert sent < 50_000_000  # what the sockets themselves hold


def test_connections_are_bounded_and_who_waits_too_long_is_told() -> None:
    async def run() -> int:
        async with Server(OK) as server:
            origin = HttpOrigin(server.url, connections=1, wait_within=0.05)
            first = await origin.fetch(request())
            with pytest.raises(OriginError) as caught:
                await origin.fetch(request())
            await first.body.aclose()  # type: ignore[attr-defined]
            return caught.value.status

    assert asyncio.run(run()) == 504


def test_bodies_that_come_slowly_hold_half_of_the_connections_and_no_more() -> None:
    async def slow(rest: asyncio.Event) -> AsyncIterator[bytes]:
        yield b"x" * 20_000
        await rest.wait()

    async def run() -> list[int]:
        async with Server(*[OK] * 5) as server:
            origin = HttpOrigin(server.url, connections=3, wait_within=0.2)
            rest = asyncio.Event()
            held = [asyncio.ensure_future(origin.fetch(request("POST", body=slow(rest)))) for _ in range(3)]
            done, _ = await asyncio.wait(held, return_when=asyncio.FIRST_COMPLETED)
            refused = [task.exception() for task in done]
            assert [getattr(error, "status", None) for error in refused] == [504]
            statuses = []
            for each in (request(), request("POST", body=pieces(b"small", b"body"))):
                response = await origin.fetch(each)
                await whole(response.body)
                statuses.append(response.status)
            rest.set()
            for response in await asyncio.gather(*(task for task in held if task not in done)):
                await whole(response.body)
                statuses.append(response.status)
            # Their places are free again.
            late = await origin.fetch(request("POST", body=pieces(b"x" * 20_000)))
            await late.body.aclose()  # type: ignore[attr-defined]
            await origin.close()
            return [*statuses, late.status]

    assert asyncio.run(run()) == [200] * 5


def test_who_does_not_read_on_makes_room_for_who_waits() -> None:
    large = b"HTTP/1.1 200 OK\r\nContent-Length: 4000000\r\n\r\n" + b"x" * 4_000_000

    async def run() -> None:
        async with Server(large) as server:
            origin = HttpOrigin(server.url, connections=1, idle_within=0.05)
            idle = await origin.fetch(request())
            assert await anext(aiter(idle.body))
            server.say(OK)
            assert (await origin.fetch(request())).status == 200
            with pytest.raises(TruncatedError):
                await whole(idle.body)
            await origin.close()

    asyncio.run(run())


def test_who_does_not_read_on_is_left_alone_while_nobody_waits() -> None:
    body = b"x" * 4_000_000
    large = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body

    async def run() -> None:
        async with Server(large, OK) as server:
            origin = HttpOrigin(server.url, connections=2, idle_within=0.01)
            response = await origin.fetch(request())
            first = await anext(aiter(response.body))
            await asyncio.sleep(0.05)
            await (await origin.fetch(request())).body.aclose()  # type: ignore[attr-defined]
            assert first + await whole(response.body) == body
            await origin.close()

    asyncio.run(run())


def test_a_connection_is_free_again_whatever_became_of_its_request() -> None:
    async def run() -> None:
        answers = [b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", OK]
        for answer in answers[:2]:
            async with Server(answer, OK, hang_up=True) as server:
                origin = HttpOrigin(server.url, connections=1, wait_within=0.5)
                with pytest.raises(OriginError):
                    await whole((await origin.fetch(request())).body)
                assert await whole((await origin.fetch(request())).body) == b"ok"
        async with Server() as server:
            origin = HttpOrigin(server.url, connections=1, wait_within=0.5)
            for _ in range(2):
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(origin.fetch(request()), 0.05)

    asyncio.run(run())


def test_an_origin_that_is_not_there_is_a_502(free_port: int) -> None:
    async def run() -> None:
        await HttpOrigin(f"http://127.0.0.1:{free_port}").fetch(request())

    with pytest.raises(OriginError) as caught:
        asyncio.run(run())
    assert caught.value.status == 502


@pytest.mark.parametrize("headers", [(("x", "a\r\nb"),), (("bad name", "x"),), (("x", "a\x00"),)])
def test_a_field_that_would_be_two_is_not_sent(headers: Any) -> None:
    server = Server(OK)
    with pytest.raises(OriginError) as caught:
        ask(server, request(headers=headers))
    assert caught.value.status == 400
    assert not server.heads


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory, require: Callable[..., str]) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    line = [require("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    line += ["-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*line, "-keyout", str(key), "-out", str(cert)], check=True, capture_output=True)
    return cert, key


def over_tls(certificate: tuple[Path, Path], origin: Callable[[int], HttpOrigin]) -> bytes:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)

    async def run() -> bytes:
        async with Server(OK, ssl=context) as server:
            found = origin(server.port)
            try:
                return await whole((await found.fetch(request())).body)
            finally:
                await found.close()

    return asyncio.run(run())


def test_an_https_origin_is_asked_when_its_certificate_is_good(certificate: tuple[Path, Path]) -> None:
    trusted = ssl.create_default_context(cafile=str(certificate[0]))
    assert over_tls(certificate, lambda port: HttpOrigin(f"https://localhost:{port}", tls=trusted)) == b"ok"


def test_an_https_origin_with_an_unknown_certificate_is_refused(certificate: tuple[Path, Path]) -> None:
    with pytest.raises(OriginError, match="certificate verify failed"):
        over_tls(certificate, lambda port: HttpOrigin(f"https://localhost:{port}"))


def test_an_https_origin_with_a_certificate_for_another_name_is_refused(
    certificate: tuple[Path, Path],
) -> None:
    trusted = ssl.create_default_context(cafile=str(certificate[0]))
    with pytest.raises(OriginError, match="certificate verify failed"):
        over_tls(certificate, lambda port: HttpOrigin(f"https://127.0.0.1:{port}", tls=trusted))


@pytest.mark.parametrize(
    "url",
    [
        "127.0.0.1:9000",
        "ftp://x",
        "http://",
        "http://x:99999",
        "http://x:0",
        "http://u:p@x",
        "http://x/app",
        "http://x?q",
        "http://[::1",
        "http://münchen.example",
    ],
)
def test_an_address_that_is_none_is_an_error_with_the_way_out(url: str) -> None:
    with pytest.raises(IsrgenError) as caught:
        parse_origin(url)
    assert "Write " in str(caught.value)
    assert "u:p" not in str(caught.value)
