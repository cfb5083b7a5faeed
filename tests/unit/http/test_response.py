"""What a Response may be made of."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from isrgen import Response, not_found, redirect


@pytest.mark.parametrize(
    ("body", "content", "media"),
    [
        ("héllo", "héllo".encode(), "text/html; charset=utf-8"),
        (b"\x00", b"\x00", "application/octet-stream"),
        ({"a": "é"}, '{"a":"é"}'.encode(), "application/json"),
        ([1], b"[1]", "application/json"),
        (None, b"", None),
        (b"", b"", None),
        ("\ud800", b"?", "text/html; charset=utf-8"),
    ],
)
def test_the_body_decides_the_content_type(body: Any, content: bytes, media: str | None) -> None:
    response = Response(body)
    assert (response.body, response.headers.get("Content-Type")) == (content, media)


def test_a_content_type_of_ones_own_stays() -> None:
    assert Response("a", headers={"content-type": "text/plain"}).headers["Content-Type"] == "text/plain"


def test_iterators_are_streamed() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"a"

    assert Response(iter(["a"])).stream is not None
    assert Response(chunks()).stream is not None
    assert Response(str(n) for n in range(3)).body == b""


@pytest.mark.parametrize("status", [0, 99, 100, 199, 600, "200", None, True, 200.0])
def test_a_status_that_no_response_has_is_refused(status: Any) -> None:
    with pytest.raises(ValueError, match="not a status"):
        Response(status=status)


@pytest.mark.parametrize("body", [3, object(), 1.5, True])
def test_any_other_body_is_refused_with_its_type(body: Any) -> None:
    with pytest.raises(TypeError, match=type(body).__name__):
        Response(body)


def test_204_has_neither_body_nor_type() -> None:
    response = Response("x", 204)
    assert response.body == b""
    assert "content-type" not in response.headers


def test_a_response_can_be_raised_and_caught() -> None:
    with pytest.raises(Response) as caught:
        raise Response("no", 403)
    assert (caught.value.status, caught.value.text(), repr(caught.value)) == (403, "no", "<Response 403>")


def test_another_body_may_be_put_in_place() -> None:
    response = Response("a")
    response.body = "b"  # type: ignore[assignment]
    assert response.body == b"b"
    with pytest.raises(TypeError):
        response.body = 3  # type: ignore[assignment]


def test_a_copy_has_headers_of_its_own() -> None:
    first = Response("a", 201, {"A": "1"})
    second = first.copy()
    second.headers.set("A", "2")
    assert (first.headers["A"], second.status, second.body) == ("1", 201, b"a")


def test_not_found_carries_its_message_through_a_copy() -> None:
    response = not_found("no such post").copy()
    assert (response.status, response.text()) == (404, "no such post")


@pytest.mark.parametrize(
    ("to", "location"),
    [
        ("/a/?b=c#d", "/a/?b=c#d"),
        ("/é\r\nX: y", "/%C3%A9%0D%0AX:%20y"),
        ("https://x.org/%20", "https://x.org/%20"),
    ],
)
def test_a_redirect_encodes_what_a_location_cannot_hold(to: str, location: str) -> None:
    assert redirect(to).headers["Location"] == location
    assert redirect(to, 308).status == 308


def test_a_redirect_has_the_status_of_one_and_a_target() -> None:
    with pytest.raises(ValueError, match="301, 302, 303, 307 or 308"):
        redirect("/", 200)
    with pytest.raises(TypeError, match="a string"):
        redirect(None)  # type: ignore[arg-type]
