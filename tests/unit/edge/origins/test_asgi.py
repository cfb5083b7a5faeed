"""The origin that is an ASGI application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from isrgen.edge.origin import OriginError, OriginRequest, OriginResponse, TruncatedError
from isrgen.edge.origins.asgi import AsgiOrigin


def request(method: str = "GET", target: str = "/", **more: Any) -> OriginRequest:
    headers = more.pop("headers", ())
    host = more.pop("host", "shop.example")
    return OriginRequest(method, "http", host, target, headers, **more)


async def whole(body: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in body])


def ask(app: Any, asked: OriginRequest, base: dict[str, Any] | None = None) -> tuple[OriginResponse, bytes]:
    async def run() -> tuple[OriginResponse, bytes]:
        origin = AsgiOrigin(app)
        origin.base = base or {}
        try:
            response = await origin.fetch(asked)
            return response, await whole(response.body)
        finally:
            await origin.close()

    return asyncio.run(run())


def says(*messages: dict[str, Any]) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        for message in messages:
            await send(message)

    return app


START = {"type": "http.response.start", "status": 200, "headers": [(b"X-A", b" 1 "), (b"x-a", b"2")]}


def start(*headers: tuple[bytes, bytes], status: int = 200) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": headers}


def body(data: bytes = b"", more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": data, "more_body": more}


def test_the_application_sees_the_request_as_a_server_would_tell_it() -> None:
    seen: dict[str, Any] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.update(scope)
        await send(START)
        await send(body())

    sent = (("x-a", "1"), ("connection", "x-mine"), ("x-mine", "1"), ("x-a", "\xe9"))
    asked = request(target="/a%2Fb/%C3%A9?q=%20", headers=sent, host="[::1]:81", client="10.0.0.9")
    ask(app, asked, {"root_path": "/in", "state": {"pool": 1}})
    assert seen["path"] == "/a/b/é"
    assert seen["raw_path"] == b"/a%2Fb/%C3%A9"
    assert seen["query_string"] == b"q=%20"
    assert seen["headers"] == [(b"host", b"[::1]:81"), (b"x-a", b"1"), (b"x-a", b"\xe9")]
    assert seen["server"] == ("::1", 81)
    assert seen["client"][0] == "10.0.0.9"
    assert (seen["root_path"], seen["state"]) == ("/in", {"pool": 1})


def test_a_response_comes_with_its_fields_in_order_and_its_body_in_pieces() -> None:
    response, text = ask(says(START, body(b"a", True), body(b"", True), body(b"b")), request())
    assert response.headers == (("x-a", "1"), ("x-a", "2"))
    assert text == b"ab"


@pytest.mark.parametrize(
    ("method", "status"),
    [("HEAD", 200), ("GET", 204), ("GET", 304)],
)
def test_a_body_where_there_can_be_none_is_dropped(method: str, status: int) -> None:
    app = says(start((b"content-length", b"9"), status=status), body(b"x"))
    assert ask(app, request(method))[1] == b""


def test_the_application_reads_the_request_s_body_and_then_waits() -> None:
    read: list[Any] = []

    async def pieces() -> AsyncIterator[bytes]:
        yield b"a"
        yield b"b"

    async def app(scope: Any, receive: Any, send: Any) -> None:
        read.extend([await receive(), await receive(), await receive()])
        await send(START)
        await send(body())
        read.append(await receive())

    ask(app, request("POST", body=pieces()))
    assert [message.get("body") for message in read] == [b"a", b"b", b"", None]
    assert [message.get("more_body") for message in read] == [True, True, False, None]
    assert read[3] == {"type": "http.disconnect"}


def test_an_application_that_raises_is_a_500_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise ValueError("secret")

    with pytest.raises(OriginError) as caught:
        ask(app, request(target="/x?token=mine"))
    assert caught.value.status == 500
    assert "the application failed on GET /x" in caplog.text
    assert "mine" not in caplog.text


def test_an_application_that_raises_after_its_answer_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start(status=500))
        await send(body(b"Internal Server Error"))
        raise ValueError("division by zero")

    response, sent = ask(app, request(target="/x"))
    assert (response.status, sent) == (500, b"Internal Server Error")
    assert "the application failed on GET /x" in caplog.text
    assert "division by zero" in caplog.text


@pytest.mark.parametrize(
    "messages",
    [
        (start(), body(b"half", True)),
        (start((b"content-length", b"9")), body(b"half")),
        (start((b"content-length", b"2")), body(b"more", True), body()),
    ],
)
def test_a_body_that_is_not_whole_is_truncated(messages: Any) -> None:
    with pytest.raises(TruncatedError):
        ask(says(*messages), request())


@pytest.mark.parametrize("messages", [(), (body(),), (start((b"content-length", b"a")),)])
def test_an_application_that_does_not_answer_is_a_500(messages: Any) -> None:
    with pytest.raises(OriginError) as caught:
        ask(says(*messages), request())
    assert caught.value.status == 500


@pytest.mark.parametrize(
    "messages", [(), (START,), (START, body(b"a", True)), (START, body(b"a", True), body(b"b", True))]
)
def test_an_application_that_is_called_off_keeps_nobody_waiting(messages: Any) -> None:
    """What it waited for was cancelled, or the server is ending: there is no more to come."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for message in messages:
            await send(message)
        raise asyncio.CancelledError

    async def run() -> None:
        origin = AsgiOrigin(app)
        async with asyncio.timeout(30):
            with pytest.raises(OriginError, match="called off"):
                await whole((await origin.fetch(request())).body)
            await origin.close()

    asyncio.run(run())


def test_the_application_waits_for_who_reads_and_is_told_when_nobody_does() -> None:
    sent: list[int] = []
    ended: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        try:
            for number in range(100):
                await send(body(b"x", True))
                sent.append(number)
        except OSError as error:
            ended.append(str(error))

    async def run() -> None:
        origin = AsgiOrigin(app)
        response = await origin.fetch(request())
        for _ in range(20):
            await asyncio.sleep(0)
        assert len(sent) < 3
        await response.body.aclose()  # type: ignore[attr-defined]
        await origin.close()

    asyncio.run(run())
    assert ended == ["the client went away"]


def test_who_gives_up_waiting_ends_the_application() -> None:
    ended: list[bool] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    async def run() -> None:
        origin = AsgiOrigin(app)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(origin.fetch(request()), 0.02)
        await origin.close()

    asyncio.run(run())
    assert ended == [True]


def test_a_visitor_who_goes_away_while_sending_is_told_to_both() -> None:
    class GoneError(Exception):
        pass

    heard: list[str] = []

    async def broken() -> AsyncIterator[bytes]:
        yield b"half"
        raise GoneError

    async def app(scope: Any, receive: Any, send: Any) -> None:
        heard.extend([(await receive())["type"], (await receive())["type"]])

    with pytest.raises(GoneError):
        ask(app, request("POST", body=broken()))
    assert heard == ["http.request", "http.disconnect"]


def test_what_an_application_does_after_its_response_goes_on() -> None:
    done: list[bool] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        await send(body(b"ok"))
        await asyncio.sleep(0.01)
        done.append(True)

    assert ask(app, request())[1] == b"ok"
    assert done == [True]


def test_an_application_that_ends_when_the_visit_does_has_sent_everything_by_then() -> None:
    """Django waits for the end of the request beside its response, and calls that off."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        async def answer() -> None:
            await send(START)
            await send(body(b"a", True))
            await send(body(b"b"))

        await receive()
        tasks = [asyncio.ensure_future(receive()), asyncio.ensure_future(answer())]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def run() -> bytes:
        origin = AsgiOrigin(app)
        response = await origin.fetch(request())
        read = b""
        async with asyncio.timeout(5):
            async for chunk in response.body:
                read += chunk
                for _ in range(20):
                    await asyncio.sleep(0)  # who reads is slower than who writes
        return read

    assert asyncio.run(run()) == b"ab"


def test_what_an_application_does_for_ever_is_ended_with_it() -> None:
    ended: list[bool] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        await send(body(b"ok"))
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    async def run() -> None:
        origin = AsgiOrigin(app, patience=0.02)
        await whole((await origin.fetch(request())).body)
        await origin.close()

    asyncio.run(run())
    assert ended == [True]
