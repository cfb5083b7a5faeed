"""A page that looks at the request of another visitor, kept where code keeps things, is for nobody else."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from isrgen.caching.policy import CachePolicy, Lifetime
from isrgen.errors import IsrgenError
from isrgen.http.request import Request

HOUR = Lifetime(3600, 86400)
LISTED = CachePolicy(HOUR, query=("page",), vary=("X-Country",), bypass_cookies=("session",))
KEEPS = """
from _lib import kept
def loader(request):
    kept.request = request
    return {"user": request.cookies.get("session", "nobody")}
"""


def alice() -> Request:
    return Request(
        path="/mine/",
        headers=[("cookie", "session=alice"), ("x-country", "NL"), ("accept-language", "nl")],
        query_string="page=7",
        client="203.0.113.9",
        body=b"secret",
    )


@pytest.mark.parametrize("policy", [CachePolicy(HOUR), LISTED], ids=["bare", "listed"])
@pytest.mark.parametrize(
    "read",
    [
        "kept.request.cookies.get('session')",
        "kept.request.headers['X-Country']",
        "kept.request.headers.get('Accept-Language')",
        "kept.request.query.get('page')",
        "kept.request.client",
        "kept.request.url",
        "await kept.request.body()",
        "await kept.request.text()",
    ],
)
def test_what_another_visitor_sent_is_in_no_page_that_is_kept(
    kit: Any, caplog: pytest.LogCaptureFixture, read: str, policy: CachePolicy
) -> None:
    kit.write("content/_lib/kept.py", "request = None\n")
    mine = kit.page("/mine/", "{{ user }}", KEEPS)
    shows = f"from _lib import kept\nasync def loader():\n    return {{'seen': {read}}}\n"
    shared = kit.page("/a/", "{{ seen }}", shows, policy)
    renderer = kit.renderer()
    with caplog.at_level(logging.WARNING, "isrgen"):
        assert asyncio.run(renderer.answer(mine, alice())).body == b"alice"
        answer = asyncio.run(renderer.answer(shared, Request(path="/a/")))
    assert (answer.status, answer.shared, answer.reason) == (200, None, "reads-another-request")
    (record,) = caplog.records
    assert record.getMessage().startswith("content/a+ssr.py:3: This reads the request of another visitor")


def test_what_is_derived_of_a_request_in_the_same_render_is_its_own(kit: Any) -> None:
    middleware = """
    from isrgen import Request
    async def middleware(request, next):
        return await next(Request(path=request.path, headers=[("x-country", "NL")], params=request.params))
    """
    layers = (kit.write("content/_middleware.py", middleware),)
    route = kit.page("/a/", "{{ request.headers['x-country'] }}", policy=LISTED, middleware=layers)
    answer = asyncio.run(kit.renderer().answer(route, Request(path="/a/")))
    assert answer.shared is not None
    assert answer.shared.vary == ("x-country",)


def test_a_task_that_goes_on_after_a_private_response_may_read_its_request(kit: Any) -> None:
    module = """
    import asyncio
    from _lib import kept
    async def loader(request):
        async def later():
            await kept.go.wait()
            kept.seen.append(request.cookies.get("session"))
        kept.task = asyncio.create_task(later())
        kept.go = asyncio.Event()
        return {}
    """
    kit.write("content/_lib/kept.py", "seen = []\n")
    finish = "from _lib import kept\nasync def loader():\n    kept.go.set()\n    await kept.task\n"
    begins, ends = kit.page("/a/", "x", module), kit.page("/b/", "{{ 1 }}", finish, CachePolicy(HOUR))
    renderer = kit.renderer()
    asyncio.run(renderer.answer(begins, alice()))
    answer = asyncio.run(renderer.answer(ends, Request(path="/b/")))
    assert (answer.status, answer.shared is None) == (200, False)


def test_a_page_that_is_nobody_elses_anyway_is_warned_of_it_too(
    kit: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Two visitors at once, and a page that keeps its request where the other one finds it."""
    kit.write("content/_lib/kept.py", "request = None\n")
    mine = kit.page("/mine/", "{{ user }}", KEEPS)
    other = kit.page(
        "/other/",
        "{{ request.path }}",
        """
    from _lib import kept
    def loader():
        return {"seen": kept.request.cookies.get("session")}
    """,
    )
    renderer = kit.renderer()
    asyncio.run(renderer.answer(mine, alice()))
    with caplog.at_level(logging.WARNING, "isrgen"):
        assert asyncio.run(renderer.answer(other, Request(path="/other/"))).shared is None
    (record,) = caplog.records
    assert "other+ssr.py:3: This reads the request of another visitor" in record.getMessage()
    kit.change(strict=True)
    with pytest.raises(IsrgenError, match="another visitor"):
        asyncio.run(_strictly(kit, mine, other))


async def _strictly(kit: Any, mine: Any, other: Any) -> None:
    renderer = kit.renderer()
    await renderer.answer(mine, alice())
    await renderer.run(other, Request(path="/other/"))
