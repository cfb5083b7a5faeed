"""Middleware around a render: sync and async, in any mixture."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from isrgen.caching.policy import CachePolicy, Lifetime

ISR = CachePolicy(Lifetime(3600, 86400))

SYNC = """
def middleware(request, next):
    response = next(request)
    response.headers.append("X-Order", "{name}")
    return response
"""
ASYNC = """
async def middleware(request, next):
    response = await next(request)
    response.headers.append("X-Order", "{name}")
    return response
"""
LOADERS = ("def loader():\n    return {'a': 1}\n", "async def loader():\n    return {'a': 1}\n")


@pytest.mark.parametrize(("outer", "inner", "loader"), list(product((SYNC, ASYNC), (SYNC, ASYNC), LOADERS)))
def test_the_outermost_is_the_last_to_see_the_response(
    kit: Any, ask: Any, outer: str, inner: str, loader: str
) -> None:
    layers = (
        kit.write("content/_middleware.py", outer.replace("{name}", "outer")),
        kit.write("content/a/_middleware.py", inner.replace("{name}", "inner")),
    )
    kit.page("/a/b/", "{{ a }}", loader, ISR, middleware=layers)
    answer = ask("/a/b/")
    assert (answer.body, answer.headers["X-Order"]) == (b"1", "inner, outer")
    assert answer.shared is not None


@pytest.mark.parametrize("loader", LOADERS)
def test_sync_middleware_in_every_thread_cannot_lock_itself_out(kit: Any, loader: str) -> None:
    import asyncio

    from isrgen.http.request import Request

    layer = kit.write("content/_middleware.py", SYNC.replace("{name}", "m"))
    route = kit.page("/a/", "{{ a }}", loader, middleware=(layer,))
    renderer = kit.renderer()

    async def scene() -> list[int]:
        answers = (renderer.answer(route, Request(path="/a/")) for _ in range(40))
        return [answer.status for answer in await asyncio.gather(*answers)]

    assert asyncio.run(scene()) == [200] * 40


@pytest.mark.parametrize("how", ["return", "raise"])
def test_middleware_may_answer_itself(kit: Any, ask: Any, how: str) -> None:
    layer = kit.write(
        "content/_middleware.py",
        f"from isrgen import Response\ndef middleware(request, next):\n    {how} Response('no', 403)\n",
    )
    kit.page("/a/", "x", "def loader():\n    raise AssertionError\n", ISR, middleware=(layer,))
    answer = ask("/a/")
    assert (answer.status, answer.body, answer.shared) == (403, b"no", None)


def test_middleware_sees_a_raised_response_and_a_rendered_not_found_page(kit: Any, ask: Any) -> None:
    kit.not_found("/", "nothing here: {{ message }}")
    layer = kit.write(
        "content/_middleware.py",
        """
        async def middleware(request, next):
            response = await next(request)
            response.headers.set("X-Saw", f"{response.status} {response.text()}")
            return response
        """,
    )
    module = "from isrgen import not_found\ndef loader():\n    raise not_found('tea')\n"
    kit.page("/a/", "x", module, middleware=(layer,))
    answer = ask("/a/")
    assert (answer.status, answer.headers["X-Saw"]) == (404, "404 nothing here: tea")


def test_headers_set_around_the_render_are_those_of_the_response(kit: Any, ask: Any) -> None:
    layer = kit.write(
        "content/_middleware.py",
        """
        from isrgen import set_response_headers
        async def middleware(request, next):
            set_response_headers({"X-Before": "1", "X-Both": "before"})
            response = await next(request)
            set_response_headers({"X-Both": "after"})
            return response
        """,
    )
    kit.page("/a/", "x", middleware=(layer,))
    headers = ask("/a/").headers
    assert (headers["X-Before"], headers["X-Both"]) == ("1", "after")


def test_what_middleware_sets_is_dropped_when_the_page_raises_a_response(kit: Any, ask: Any) -> None:
    layer = kit.write(
        "content/_middleware.py",
        """
        from isrgen import set_response_headers
        async def middleware(request, next):
            set_response_headers({"X-Before": "1"})
            return await next(request)
        """,
    )
    module = "from isrgen import Response\ndef loader():\n    raise Response('no', 404)\n"
    kit.page("/a/", "x", module, middleware=(layer,))
    assert "x-before" not in ask("/a/").headers


def test_middleware_may_catch_what_the_loader_raises_and_its_headers_are_gone(kit: Any, ask: Any) -> None:
    layer = kit.write(
        "content/_middleware.py",
        """
        from isrgen import Response, set_response_headers
        def middleware(request, next):
            try:
                return next(request)
            except KeyError as error:
                return Response(f"caught {error}", 500)
        """,
    )
    module = """
    from isrgen import set_response_headers
    async def loader():
        set_response_headers({"X-Loader": "1"})
        raise KeyError("a")
    """
    kit.page("/a/", "x", module, middleware=(layer,))
    answer = ask("/a/")
    assert (answer.status, answer.body) == (500, b"caught 'a'")
    assert "x-loader" not in answer.headers


def test_middleware_that_reads_a_cookie_makes_the_page_private(kit: Any, ask: Any) -> None:
    layer = kit.write(
        "content/_middleware.py",
        "def middleware(request, next):\n    request.cookies.get('session')\n    return next(request)\n",
    )
    kit.page("/a/", "x", policy=ISR, middleware=(layer,))
    answer = ask("/a/", headers=[("cookie", "session=a")])
    assert (answer.shared, answer.reason) == (None, "reads-cookie")


def test_a_request_that_middleware_makes_hides_no_read_of_the_first_one(kit: Any, ask: Any) -> None:
    layer = kit.write(
        "content/_middleware.py",
        """
        from isrgen import Request
        async def middleware(request, next):
            return await next(Request("GET", "/a/", params={"user": request.cookies.get("session", "")}))
        """,
    )
    module = (
        "def loader(params, request):\n    return {'who': params['user'] + request.headers.get('x-b', '')}\n"
    )
    kit.page("/a/", "{{ who }}", module, ISR, middleware=(layer,))
    answer = ask("/a/", headers=[("cookie", "session=alice")])
    assert (answer.body, answer.shared) == (b"alice", None)


def test_middleware_that_sets_a_cookie_makes_the_page_private(kit: Any, ask: Any) -> None:
    layer = kit.write(
        "content/_middleware.py",
        """
        def middleware(request, next):
            response = next(request)
            response.headers.set("Set-Cookie", "token=1")
            return response
        """,
    )
    kit.page("/a/", "x", policy=ISR, middleware=(layer,))
    answer = ask("/a/")
    assert (answer.shared, answer.reason, answer.headers["Set-Cookie"]) == (None, "set-cookie", "token=1")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("async def middleware(request, next):\n    await next(request)\n", "returned nothing"),
        ("def middleware(request, next):\n    return 'x'\n", "returned str"),
        ("x = 1\n", "defines no `middleware`"),
        ("middleware = 3\n", "`middleware` is int"),
        ("1 / 0\n", "ZeroDivisionError"),
    ],
)
def test_what_is_wrong_with_middleware_is_told_with_its_file(
    kit: Any, ask: Any, caplog: pytest.LogCaptureFixture, source: str, said: str
) -> None:
    layer = kit.write("content/_middleware.py", source)
    kit.page("/a/", "x", middleware=(layer,))
    assert ask("/a/").status == 500
    assert said in caplog.text
    assert "content/_middleware.py" in caplog.text
