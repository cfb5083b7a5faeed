"""One route and one request in, one judged answer out."""

from __future__ import annotations

import asyncio
import logging
import threading
from datetime import UTC, datetime
from typing import Any

import pytest

from isrgen.caching.policy import CachePolicy, Lifetime
from isrgen.errors import IsrgenError
from isrgen.http.answer import Outcome
from isrgen.http.context import Purge
from isrgen.http.reads import SealedError
from isrgen.http.request import Request
from isrgen.manifest import HeaderRule

HOUR = Lifetime(3600, 86400)
ISR = CachePolicy(HOUR)


def test_a_page_without_a_module_is_its_template(kit: Any, ask: Any) -> None:
    kit.page("/a/", "{{ site.title }} {{ page.title }} {{ params }}", entry={"title": "A"})
    answer = ask("/a/")
    assert (answer.status, answer.body, answer.shared) == (200, b"Site A {}", None)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("keyword", ["def", "async def"])
@pytest.mark.parametrize(
    "parameters", ["params", "params, request", "request, params, site", "*, params", "**all"]
)
def test_a_loader_is_called_by_the_names_of_its_parameters(
    kit: Any, ask: Any, keyword: str, parameters: str
) -> None:
    params = "all['params']" if "**" in parameters else "params"
    kit.page("/[x]/", "{{ got }}", f"{keyword} loader({parameters}):\n    return {{'got': {params}['x']}}\n")
    assert ask("/tea/").body == b"tea"


def test_a_loader_may_return_nothing_or_a_whole_response(kit: Any, ask: Any) -> None:
    kit.page("/none/", "body", "def loader():\n    return None\n")
    kit.page(
        "/own/",
        None,
        "from isrgen import Response\ndef loader():\n    return Response({'a': 1}, 201, {'X-A': 'b'})\n",
    )
    assert ask("/none/").body == b"body"
    own = ask("/own/")
    assert (own.status, own.body, own.headers["X-A"]) == (201, b'{"a":1}', "b")


@pytest.mark.parametrize(
    ("module", "where", "said"),
    [
        ("def loader():\n    return 3\n", "content/a+ssr.py:1", "returned int"),
        ("# a\ndef loader():\n    return [1]\n", "content/a+ssr.py:2", "returned list"),
        ("def loader():\n    return {1: 2}\n", "content/a+ssr.py", "the key 1"),
        ("def loader():\n    return {'page': 2}\n", "content/a+ssr.py", "'page'"),
        ("def loader(prams):\n    return {}\n", "content/a+ssr.py:1", "`prams`"),
        ("loader = 3\n", "content/a+ssr.py", "`loader` is int"),
        ("def loader():\n    x = 1\n    return x / 0\n", "content/a+ssr.py:3", "ZeroDivisionError"),
        ("import nope_nope\n", "content/a+ssr.py:1", "nope_nope"),
    ],
)
def test_what_is_wrong_with_a_loader_is_told_with_its_place(
    kit: Any, ask: Any, caplog: pytest.LogCaptureFixture, module: str, where: str, said: str
) -> None:
    kit.page("/a/", "x", module)
    with pytest.raises(IsrgenError) as caught:
        ask("/a/", run=True)
    problem = caught.value.problems[0]
    assert (problem.where, said in problem.message) == (where, True), problem
    answer = ask("/a/")
    assert (answer.status, answer.outcome, answer.shared) == (500, Outcome.FAILED, None)
    assert said.strip("`").encode() not in answer.body
    assert where.partition(":")[0] in caplog.text


def test_a_page_with_nothing_to_render_says_what_it_lacks(kit: Any, ask: Any) -> None:
    kit.page("/a/", None, "def loader():\n    return {}\n")
    with pytest.raises(IsrgenError, match="names no template"):
        ask("/a/", run=True)


def test_the_log_shows_the_sites_own_frames_and_the_visitor_sees_nothing_of_them(
    kit: Any, ask: Any, caplog: pytest.LogCaptureFixture
) -> None:
    kit.write("content/_lib/db.py", "def find():\n    raise OSError('secret host')\n")
    kit.page("/a/", "x", "from _lib.db import find\nasync def loader():\n    return find()\n")
    answer = ask("/a/")
    assert b"secret" not in answer.body
    assert 'File "content/a+ssr.py", line 3, in loader' in caplog.text
    assert 'File "content/_lib/db.py", line 2, in find' in caplog.text
    assert "OSError: secret host" in caplog.text
    assert "isrgen/handlers" not in caplog.text


def test_while_developing_the_page_shows_the_traceback(kit: Any) -> None:
    route = kit.page("/a/", "x", "def loader():\n    raise ValueError('<b>')\n")
    answer = asyncio.run(kit.renderer(debug=True).answer(route, Request(path="/a/")))
    assert b"ValueError: &lt;b&gt;" in answer.body


def test_headers_are_set_by_mapping_and_by_function_and_the_template_type_may_change(
    kit: Any, ask: Any
) -> None:
    kit.page(
        "/a/",
        "x",
        """
        from isrgen import set_response_headers
        def loader():
            set_response_headers({"X-A": "1", "Content-Type": "application/xml"})
            set_response_headers(lambda headers: headers.set("X-A", headers["X-A"] + "2"))
        """,
    )
    headers = ask("/a/").headers
    assert (headers["X-A"], headers.getall("Content-Type")) == ("12", ["application/xml"])


def test_a_loader_that_raises_after_setting_headers_stores_nothing_and_sends_500(kit: Any, ask: Any) -> None:
    kit.page(
        "/a/",
        "x",
        """
        from isrgen import set_response_headers
        def loader():
            set_response_headers({"Cache-Control": "public, s-maxage=60", "X-A": "1", "Set-Cookie": "a=1"})
            raise ValueError
        """,
        ISR,
    )
    answer = ask("/a/")
    assert (answer.status, answer.shared, answer.outcome) == (500, None, Outcome.FAILED)
    assert "x-a" not in answer.headers
    assert "set-cookie" not in answer.headers


def test_a_raised_response_is_an_answer_and_drops_the_headers_set_before(kit: Any, ask: Any) -> None:
    module = """
    from isrgen import Response, set_response_headers
    GONE = Response("gone", 410, {"X-Own": "1"})
    def loader():
        set_response_headers({"X-A": "1", "Cache-Control": "public, s-maxage=9"})
        raise GONE
    """
    kit.page("/a/", "x", module, ISR)
    for _ in range(2):
        answer = ask("/a/")
        assert (answer.status, answer.body, answer.headers["X-Own"]) == (410, b"gone", "1")
        assert "x-a" not in answer.headers
        assert answer.shared is not None
        assert answer.shared.lifetime == HOUR


def test_a_returned_response_keeps_cookies_set_before_and_its_own_headers_win(kit: Any, ask: Any) -> None:
    module = """
    from isrgen import redirect, set_response_headers
    def loader():
        set_response_headers({"Set-Cookie": "session=1", "Location": "/elsewhere/"})
        return redirect("/dashboard/")
    """
    kit.page("/a/", "x", module)
    answer = ask("/a/")
    assert (answer.status, answer.headers["Location"]) == (302, "/dashboard/")
    assert answer.headers["Set-Cookie"] == "session=1"


def test_not_found_renders_the_nearest_page_with_its_message(kit: Any, ask: Any) -> None:
    kit.not_found("/", "top {{ message }}")
    kit.not_found("/docs/", "docs {{ message }}")
    module = "from isrgen import not_found\ndef loader():\n    {} not_found('no <tea>')\n"
    kit.page("/docs/x/", "x", module.format("raise"), ISR)
    kit.page("/docsy/", "x", module.format("return"))
    first = ask("/docs/x/")
    assert (first.status, first.body) == (404, b"docs no &lt;tea&gt;")
    assert first.shared is not None
    assert first.shared.lifetime == Lifetime(60)
    second = ask("/docsy/")
    assert (second.status, second.body, second.shared) == (404, b"top no &lt;tea&gt;", None)


def test_unmatched_paths_get_the_nearest_page_and_a_plain_one_where_there_is_none(kit: Any) -> None:
    renderer = kit.renderer()
    plain = asyncio.run(renderer.not_found("/x/", "gone <b>"))
    assert plain.status == 404
    assert b"gone &lt;b&gt;" in plain.body
    renderer.close()
    kit.not_found("/", "{{ nope.nope.nope() }}")
    broken = kit.renderer()
    assert asyncio.run(broken.not_found("/x/")).status == 500
    with pytest.raises(IsrgenError):
        asyncio.run(broken.not_found("/x/", strictly=True))


def test_other_params_are_a_404_where_dynamic_params_is_false(kit: Any, ask: Any) -> None:
    kit.page("/[x]/", "{{ params.x }}", static_params=({"x": "tea"},), dynamic_params=False)
    assert (ask("/tea/").status, ask("/coffee/").status) == (200, 404)


def test_unpublished_and_expired_pages_are_404_until_and_from_their_moment(kit: Any, ask: Any) -> None:
    moment = datetime.fromtimestamp(kit.clock.now + 100, UTC)
    kit.page("/soon/", "soon", policy=ISR, entry={"publish_at": moment})
    kit.page("/gone/", "gone", policy=ISR, entry={"expires_at": moment})
    kit.page("/draft/", "draft", entry={"draft": True})
    assert (ask("/soon/").status, ask("/gone/").status, ask("/draft/").status) == (404, 200, 404)
    gone = ask("/gone/").shared
    assert gone is not None
    assert gone.lifetime.fresh + gone.lifetime.stale_while_revalidate == 100
    kit.clock.advance(100)
    assert (ask("/soon/").status, ask("/gone/").status) == (200, 404)


def test_an_entry_that_will_appear_bounds_the_lifetime_of_the_page_that_lists_it(kit: Any, ask: Any) -> None:
    moment = datetime.fromtimestamp(kit.clock.now + 1800, UTC)
    kit.page("/next/", "x", entry={"publish_at": moment})
    kit.page("/list/", "{{ site.pages | length }}", policy=ISR)
    kit.page("/plain/", "x", policy=ISR)
    assert ask("/list/").shared.lifetime.fresh == 1800
    assert ask("/plain/").shared.lifetime == HOUR


def test_tags_of_the_policy_are_filled_and_joined_by_those_of_the_code(kit: Any, ask: Any) -> None:
    module = "from isrgen import cache_tag\ndef loader():\n    cache_tag('Author:1', 'blog')\n"
    policy = CachePolicy(HOUR, tags=("blog", "post:{slug}"))
    kit.page("/[slug]/", "x", module, policy)
    assert ask("/tea/").shared.tags[:4] == ("blog", "post:tea", "author:1", "page:/tea/")


def test_degraded_is_told_to_the_edge(kit: Any, ask: Any) -> None:
    module = "from isrgen import degraded\ndef loader():\n    degraded('no database')\n"
    kit.page("/a/", "x", module, ISR)
    answer = ask("/a/")
    assert (answer.degraded, answer.shared is not None) == ("no database", True)


def test_front_matter_and_rules_add_headers_that_the_code_did_not_set(kit: Any, ask: Any) -> None:
    module = (
        "from isrgen import set_response_headers\ndef loader():\n    set_response_headers({'X-A': 'code'})\n"
    )
    kit.page("/a/", "x", module, headers=(("X-A", "front"), ("X-B", "front")))
    kit.change(
        header_rules=(
            HeaderRule("/**", (("X-B", "rule"), ("X-C", "rule"))),
            HeaderRule("/a/", (("X-D", "second rule"),)),
        )
    )
    headers = ask("/a/").headers
    assert (headers["X-A"], headers["X-B"], headers["X-C"]) == ("code", "front", "rule")
    assert "x-d" not in headers


def test_no_cache_field_of_the_code_is_left_in_the_headers(kit: Any, ask: Any) -> None:
    module = """
    from isrgen import set_response_headers
    def loader():
        set_response_headers({"Cache-Control": "public, max-age=60", "Expires": "never", "Surrogate-Key": "a",
                              "Vercel-CDN-Cache-Control": "max-age=9", "CDN-Cache-Control": "max-age=99",
                              "X-Accel-Expires": "60", "Akamai-Cache-Control": "max-age=9",
                              "Edge-Cache-Tag": "a", "X-LiteSpeed-Cache-Control": "public"})
    """
    kit.page("/a/", "x", module)
    answer = ask("/a/")
    assert list(answer.headers) == ["content-type"]
    assert answer.shared.lifetime == Lifetime(99)


def test_a_render_past_its_deadline_is_a_504(kit: Any, ask: Any, caplog: pytest.LogCaptureFixture) -> None:
    kit.change(render_timeout=0.5)
    kit.page("/a/", "x", "import asyncio\nasync def loader():\n    await asyncio.Event().wait()\n", ISR)
    kit.page("/b/", "b")
    answer = ask("/a/")
    assert (answer.status, answer.outcome) == (504, Outcome.TIMEOUT)
    assert ask("/b/").body == b"b"
    assert "took too long" in caplog.text


def test_a_full_pool_is_a_503_that_says_when_to_come_back(kit: Any) -> None:
    release = threading.Event()
    started = threading.Semaphore(0)
    route = kit.page("/a/", "x", "def loader():\n    STARTED.release()\n    RELEASE.wait(30)\n")
    renderer = kit.renderer()
    renderer._parts.pool._threads._most = 4
    module = renderer._parts.modules.load("content/a+ssr.py")
    module.STARTED, module.RELEASE = started, release

    async def scene() -> None:
        waiting = [asyncio.ensure_future(renderer.answer(route, Request(path="/a/"))) for _ in range(4)]
        for _ in range(4):
            await asyncio.to_thread(started.acquire, timeout=30)
        answer = await renderer.answer(route, Request(path="/a/"))
        assert (answer.status, answer.outcome, answer.headers["Retry-After"]) == (503, Outcome.BUSY, "1")
        release.set()
        assert [one.status for one in await asyncio.gather(*waiting)] == [200] * 4

    asyncio.run(scene())


def test_a_private_stream_is_streamed_chunk_by_chunk(kit: Any) -> None:
    module = """
    from isrgen import Response
    async def loader():
        async def chunks():
            yield "a"
            yield b"b"
        return Response(chunks())
    """
    route = kit.page("/a/", None, module)
    renderer = kit.renderer()

    async def scene() -> list[bytes]:
        answer = await renderer.answer(route, Request(path="/a/"))
        assert answer.shared is None
        assert answer.stream is not None
        return [chunk async for chunk in answer.stream]

    assert asyncio.run(scene()) == [b"a", b"b"]


def test_a_stream_that_asks_to_be_shared_is_read_whole_and_then_judged(kit: Any, ask: Any) -> None:
    module = """
    from isrgen import Response
    def loader(request):
        def chunks():
            yield "a"
            yield {read}
        return Response(chunks())
    """
    kit.page("/a/", None, module.replace("{read}", "'b'"), ISR)
    kit.page("/b/", None, module.replace("{read}", "request.cookies.get('x', 'c')"), ISR)
    shared, private = ask("/a/"), ask("/b/")
    assert (shared.body, shared.stream, shared.shared.lifetime) == (b"ab", None, HOUR)
    assert (private.body, private.stream, private.shared) == (b"ac", None, None)


def test_a_stream_too_large_to_share_is_sent_privately_and_loses_nothing(kit: Any) -> None:
    module = """
    from isrgen import Response
    def loader():
        return Response(b"x" * 1024 * 1024 for _ in range(12))
    """
    route = kit.page("/a/", None, module, ISR)
    renderer = kit.renderer()

    async def scene() -> int:
        answer = await renderer.answer(route, Request(path="/a/"))
        assert (answer.shared, answer.reason) == (None, "too large to share")
        assert answer.stream is not None
        return sum([len(chunk) async for chunk in answer.stream])

    assert asyncio.run(scene()) == 12 * 2**20


@pytest.mark.parametrize("body", ["'x' * {}", "b'x' * {}", "['x' * ({} - 4)]"])
def test_any_body_up_to_ten_megabytes_is_shared_and_a_larger_one_is_private(
    kit: Any, ask: Any, body: str
) -> None:
    most = 10 * 2**20
    for path, size in (("/a/", most), ("/b/", most + 1)):
        module = f"from isrgen import Response\ndef loader():\n    return Response({body.format(size)})\n"
        kit.page(path, None, module, ISR)
    fits, larger = ask("/a/"), ask("/b/")
    assert (len(fits.body), fits.shared.lifetime) == (most, HOUR)
    assert (len(larger.body), larger.shared, larger.reason) == (most + 1, None, "too large to share")


@pytest.mark.parametrize("chunk", ["3", "None", "{}"])
def test_a_chunk_that_is_no_text_fails_the_render(kit: Any, ask: Any, chunk: str) -> None:
    module = f"from isrgen import Response\ndef loader():\n    return Response(iter([{chunk}]))\n"
    kit.page("/a/", None, module, ISR)
    assert ask("/a/").status == 500


def test_a_stream_that_hangs_is_a_504_where_it_is_read_whole(kit: Any, ask: Any) -> None:
    module = """
    import asyncio
    from isrgen import Response
    async def chunks():
        yield "a"
        await asyncio.Event().wait()
    def loader():
        return Response(chunks())
    """
    kit.change(render_timeout=0.1)
    kit.page("/a/", None, module, ISR)
    assert ask("/a/").status == 504


def test_a_request_is_sealed_once_its_response_is_everybodys(kit: Any) -> None:
    route = kit.page("/a/", "x", policy=ISR)
    private = kit.page("/b/", "x")
    renderer = kit.renderer()
    request, other = Request(path="/a/"), Request(path="/b/")
    asyncio.run(renderer.answer(route, request))
    asyncio.run(renderer.answer(private, other))
    with pytest.raises(SealedError):
        request.cookies.get("a")
    other.cookies.get("a")


def test_static_params_are_checked_against_the_route(kit: Any) -> None:
    good = "async def static_params():\n    return ({'year': y, 'slug': 's'} for y in (2025, '2026'))\n"
    route = kit.page("/[year]/[slug]/", "x", good)
    renderer = kit.renderer()
    assert asyncio.run(renderer.static_params(route)) == [
        {"year": "2025", "slug": "s"},
        {"year": "2026", "slug": "s"},
    ]
    assert asyncio.run(renderer.static_params(kit.page("/plain/"))) == []


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        ("[{'slug': 'a'}, {}]", "it lacks 'slug'"),
        ("['a']", "which is not a dict"),
        ("[{'slug': ''}]", "cannot be ''"),
        ("[{'slug': '..'}]", "cannot be '..'"),
        ("[{'slug': 'a', 'x': 'b'}]", "no parameter 'x'"),
        ("3", "TypeError"),
    ],
)
def test_static_params_that_do_not_fit_are_told_with_their_file(kit: Any, returned: str, said: str) -> None:
    route = kit.page("/[slug]/", "x", f"def static_params():\n    return {returned}\n")
    with pytest.raises(IsrgenError) as caught:
        asyncio.run(kit.renderer().static_params(route))
    problem = caught.value.problems[0]
    assert said in problem.message
    assert problem.file == "content/[slug]+ssr.py"


def test_purges_are_handed_on_and_only_api_routes_may_ask_for_them(kit: Any, ask: Any) -> None:
    module = "import isrgen\ndef {}():\n    isrgen.revalidate_tag('blog', hard=True)\n    return {{}}\n"
    kit.api("/api/x", module.format("POST"))
    kit.page("/a/", "x", module.format("loader"))
    answer = ask("/api/x", "POST")
    assert (answer.status, answer.purges) == (200, (Purge(tag="blog", hard=True),))
    assert ask("/a/").status == 500


def test_a_template_that_fails_is_told_with_its_line(kit: Any, ask: Any) -> None:
    kit.page("/a/", "one\n{{ 1 / 0 }}")
    with pytest.raises(IsrgenError) as caught:
        ask("/a/", run=True)
    assert caught.value.problems[0].where == "content/a+ssr.html:2"


def test_a_response_that_middleware_broke_is_a_500_and_not_a_crash(kit: Any, ask: Any) -> None:
    source = kit.write(
        "content/_middleware.py",
        "def middleware(request, next):\n    r = next(request)\n    r.status = 9999\n    return r\n",
    )
    kit.page("/a/", "x", middleware=(source,))
    assert ask("/a/").status == 500


def test_a_warning_is_said_once_a_line_and_is_an_error_under_strict(
    kit: Any, ask: Any, caplog: pytest.LogCaptureFixture
) -> None:
    kit.change(strict=True)
    kit.page("/a/", "x", "def loader(request):\n    request.cookies.get('theme')\n", ISR)
    with caplog.at_level(logging.WARNING, "isrgen"):
        assert ask("/a/").shared is None
        ask("/a/")
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.getMessage().startswith("content/a+ssr.py:2: This reads the cookie `theme`")
    assert "bypass-cookies: [theme]" in record.getMessage()
    with pytest.raises(IsrgenError, match="the cookie `theme`"):
        ask("/a/", run=True)


STREAMS = {
    "sync": "def body():\n    {call}\n    yield 'a'\n    {call}\n    yield 'b'\n",
    "async": "async def body():\n    {call}\n    yield 'a'\n    {call}\n    yield 'b'\n",
}


@pytest.mark.parametrize("kind", STREAMS)
def test_a_streamed_body_may_tag_the_page_and_say_that_it_is_degraded(kit: Any, ask: Any, kind: str) -> None:
    head = "import isrgen\ndef loader():\n    return isrgen.Response(body())\n"
    kit.page("/a/", None, head + STREAMS[kind].format(call="isrgen.cache_tag('late')"), CachePolicy(HOUR))
    kit.page("/b/", None, head + STREAMS[kind].format(call="isrgen.degraded('old')"), CachePolicy(HOUR))
    tagged, degraded = ask("/a/"), ask("/b/")
    assert (tagged.status, tagged.body, tagged.shared.tags) == (200, b"ab", ("late", "page:/a/"))
    assert (degraded.status, degraded.body, degraded.degraded) == (200, b"ab", "old")


@pytest.mark.parametrize("kind", STREAMS)
@pytest.mark.parametrize(
    "call", ["set_response_headers({'A': 'b'})", "revalidate_tag('a')", "revalidate_path('/')"]
)
def test_what_comes_too_late_in_a_streamed_body_is_an_error_that_says_so(
    kit: Any, ask: Any, caplog: pytest.LogCaptureFixture, kind: str, call: str
) -> None:
    head = "import isrgen\ndef GET():\n    return isrgen.Response(body())\n"
    kit.api("/a", head + STREAMS[kind].format(call=f"isrgen.{call}"), CachePolicy(HOUR))
    assert ask("/a").status == 500
    assert "while the body streams" in caplog.text


def test_a_draft_visitor_sees_what_is_not_out_and_is_answered_alone(kit: Any, ask: Any) -> None:
    soon = datetime.fromtimestamp(kit.clock.now + 600, UTC)
    body = "{{ site.pages | map(attribute='title') | join }} {{ request.draft }}"
    kit.page("/a/", body, policy=CachePolicy(HOUR), entry={"title": "A"})
    kit.page("/b/", "b", policy=CachePolicy(HOUR), entry={"title": "B", "draft": True})
    kit.page("/c/", "c", policy=CachePolicy(HOUR), entry={"title": "C", "publish_at": soon})
    assert (ask("/a/").body, ask("/b/").status, ask("/c/").status) == (b"A False", 404, 404)
    shown = ask("/a/", draft=True)
    assert (shown.body, shown.shared, shown.reason) == (b"ABC True", None, "draft")
    assert (ask("/b/", draft=True).body, ask("/c/", draft=True).body) == (b"b", b"c")


def test_asking_whether_there_is_draft_mode_is_no_read(kit: Any, ask: Any) -> None:
    kit.page("/a/", "{{ request.draft }}", policy=CachePolicy(HOUR))
    answer = ask("/a/", headers=[("cookie", "session=alice")])
    assert (answer.body, answer.shared.lifetime) == (b"False", HOUR)
