"""Interface section 5 through the whole server: nobody gets what was made for somebody else."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from isrgen.caching.policy import MAX_VARIANTS, CachePolicy, Lifetime

HOUR = Lifetime(3600, 86400)
BARE = CachePolicy(HOUR)
LISTED = CachePolicy(HOUR, query=("page",), vary=("X-Country",))
SESSION = CachePolicy(HOUR, bypass_cookies=("session",))

Visitor = dict[str, Any]

ALICE: Visitor = {"headers": {"Cookie": "session=alice; theme=dark"}}
BOB: Visitor = {"headers": {"Cookie": "session=bob; theme=light"}}

# what a page reads -> its policy, two visitors whom that tells apart, and why it is private
PRIVATE: dict[str, tuple[str, CachePolicy, Visitor, Visitor, str]] = {
    "a cookie": ("request.cookies.session", BARE, ALICE, BOB, "reads-cookie"),
    "all cookies": ("request.cookies | list", BARE, ALICE, {}, "reads-cookie"),
    "the raw Cookie header": ("request.headers.cookie", BARE, ALICE, BOB, "reads-cookie"),
    "all headers": ("request.headers", BARE, ALICE, BOB, "reads-header"),
    "another header": (
        "request.headers['User-Agent']",
        LISTED,
        {"headers": {"User-Agent": "one"}},
        {"headers": {"User-Agent": "two"}},
        "reads-header",
    ),
    "the address": ("request.client", BARE, {"peer": "192.0.2.1"}, {"peer": "192.0.2.2"}, "reads-client"),
    "a parameter that is not listed": (
        "request.query.utm",
        LISTED,
        {"query": "?utm=a"},
        {"query": "?utm=b"},
        "reads-query",
    ),
    "all parameters": ("request.query", LISTED, {"query": "?utm=a"}, {"query": "?utm=b"}, "reads-query"),
}


def ask(server: Any, visitor: Visitor) -> Any:
    more = {name: value for name, value in visitor.items() if name != "query"}
    return server.get(f"/a/{visitor.get('query', '')}", **more)


@pytest.mark.parametrize("case", PRIVATE.values(), ids=PRIVATE)
@pytest.mark.parametrize("behind", [None, "fastly"])
def test_what_tells_visitors_apart_makes_a_page_each_visitors_own(
    kit: Any, drive: Any, caplog: pytest.LogCaptureFixture, case: Any, behind: str | None
) -> None:
    read, policy, one, two, reason = case
    kit.page("/a/", f"\n{{{{ {read} }}}}", policy=policy)
    server = drive(behind=behind)
    first, second, again = ask(server, one), ask(server, two), ask(server, one)
    assert first.text == again.text != second.text
    for reply in (first, second, again):
        assert reply["Cache-Control"] == "private, no-store"
        assert not {"surrogate-control", "surrogate-key", "cdn-cache-control", "expires", "vary"} & {
            name for name, _ in reply.headers
        }
        assert f"detail={reason}" in reply["Cache-Status"]
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert [text.partition(": ")[0] for text in warnings] == ["content/a+ssr.html:2"]
    assert "private, no-store" in warnings[0]


SHARED: dict[str, tuple[str, CachePolicy, Visitor, Visitor]] = {
    "nothing": ("1", BARE, ALICE, BOB),
    "a cookie where a bypass is listed": (
        "request.cookies.theme",
        SESSION,
        {},
        {"headers": {"Cookie": "theme=x"}},
    ),
    "the raw header where a bypass is listed": (
        "request.headers.cookie",
        SESSION,
        {},
        {"headers": {"Cookie": "theme=x"}},
    ),
    "a parameter that nobody reads": ("1", LISTED, {"query": "?utm=a"}, {"query": "?utm=b&x"}),
    "the path and the URL": ("request.url ~ request.path", LISTED, {"query": "?utm=a"}, {"query": "?utm=b"}),
    "who says to be another host": (
        "request.url",
        BARE,
        {},
        {
            "headers": {
                "Host": "evil.example",
                "X-Forwarded-Host": "evil.example",
                "X-Forwarded-Proto": "http",
            }
        },
    ),
}


@pytest.mark.parametrize("case", SHARED.values(), ids=SHARED)
def test_what_tells_nobody_apart_is_rendered_once_for_all(kit: Any, drive: Any, case: Any) -> None:
    read, policy, one, two = case
    kit.page("/a/", f"{{{{ {read} }}}}", policy=policy)
    server = drive()
    first, second = ask(server, one), ask(server, two)
    assert "stored" in first["Cache-Status"]
    assert "hit" in second["Cache-Status"]
    assert first.text == second.text
    assert "evil" not in second.text


VARIANTS: dict[str, tuple[str, CachePolicy, Visitor, Visitor, str]] = {
    "a listed header": (
        "request.headers['X-Country']",
        LISTED,
        {"headers": {"X-Country": "NL"}},
        {"headers": {"X-Country": "DE"}},
        "X-Country",
    ),
    "Accept": (
        "request.headers.accept",
        BARE,
        {"headers": {"Accept": "text/html"}},
        {"headers": {"Accept": "application/json"}},
        "Accept",
    ),
    "Accept-Language": (
        "request.headers['Accept-Language']",
        BARE,
        {"headers": {"Accept-Language": "de"}},
        {"headers": {"Accept-Language": "nl"}},
        "Accept-Language",
    ),
    "a listed parameter": ("request.query.page", LISTED, {"query": "?page=1"}, {"query": "?page=2"}, ""),
}


@pytest.mark.parametrize("case", VARIANTS.values(), ids=VARIANTS)
def test_what_is_in_the_key_or_in_vary_gives_each_value_a_page_of_its_own(
    kit: Any, drive: Any, case: Any
) -> None:
    read, policy, one, two, vary = case
    kit.page("/a/", f"{{{{ {read} }}}}", policy=policy)
    server = drive()
    texts = [ask(server, visitor).text for visitor in (one, two)]
    assert texts[0] != texts[1]
    for visitor, text in zip((one, two), texts, strict=True):
        reply = ask(server, visitor)
        assert (reply.text, reply["Vary"]) == (text, vary)
        assert "hit" in reply["Cache-Status"]


def test_no_key_has_more_than_64_variants(kit: Any, drive: Any) -> None:
    kit.page("/a/", "{{ request.headers['Accept-Language'] }}", policy=BARE)
    server = drive()
    languages = [f"l{number}" for number in range(MAX_VARIANTS + 20)]
    for language in languages:
        assert server.get("/a/", {"Accept-Language": language}).text == language
    assert len(server.run(server.app._edge.store.get("/a/"))) == MAX_VARIANTS


def test_a_page_that_reads_what_is_private_now_is_no_longer_sent_to_others(kit: Any, drive: Any) -> None:
    module = """
    reads = []
    def loader(request):
        return {"who": request.cookies.get("session") if reads else "all"}
    """
    kit.page("/a/", "{{ who }}", module, BARE)
    server = drive()
    assert server.get("/a/").text == "all"
    server.app.renderer._parts.modules.load("content/a+ssr.py").reads.append(1)
    kit.clock.advance(3601)
    assert server.get("/a/", ALICE["headers"]).text == "all"
    assert server.run(server.app._edge.store.get("/a/")) == ()
    assert [server.get("/a/", visitor["headers"]).text for visitor in (ALICE, BOB)] == ["alice", "bob"]


def test_a_body_larger_than_what_is_kept_is_streamed_privately_and_whole(kit: Any, drive: Any) -> None:
    module = """
    from isrgen import Response
    def loader():
        return Response((b"x" * 1_000_000 for _ in range(11)))
    """
    kit.page("/a/", None, module, BARE)
    server = drive()
    for _ in range(2):
        reply = server.get("/a/")
        assert (len(reply.body), reply["Cache-Control"]) == (11_000_000, "private, no-store")
        assert "etag" not in reply
    assert server.run(server.app._edge.store.get("/a/")) == ()


def test_what_reads_the_request_after_the_judgment_fails_and_changes_nothing(kit: Any, drive: Any) -> None:
    """A page that is everybody's can no longer be made of what one visitor said."""
    module = """
    import asyncio
    said = []
    async def late(request):
        await asyncio.sleep(0.05)
        try:
            said.append(request.cookies.get("session"))
        except RuntimeError as error:
            said.append(str(error))
    async def loader(request):
        module_tasks.append(asyncio.create_task(late(request)))
    module_tasks = []
    """
    kit.page("/a/", "x", module, BARE)
    server = drive()
    assert "stored" in server.get("/a/", ALICE["headers"])["Cache-Status"]
    loaded = server.app.renderer._parts.modules.load("content/a+ssr.py")

    async def wait() -> None:
        while not loaded.said:
            await asyncio.sleep(0.01)

    server.run(wait())
    assert loaded.said == ["the request was read after its response was judged; read it before you answer"]


def test_a_strict_site_answers_privately_all_the_same_and_logs_an_error(
    kit: Any, drive: Any, caplog: pytest.LogCaptureFixture
) -> None:
    kit.page("/a/", "{{ request.cookies.session }}", policy=BARE)
    kit.change(strict=True)
    server = drive()
    for visitor, name in ((ALICE, "alice"), (BOB, "bob")):
        reply = server.get("/a/", visitor["headers"])
        assert (reply.status, reply.text, reply["Cache-Control"]) == (200, name, "private, no-store")
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert "content/a+ssr.html:1" in record.getMessage()
