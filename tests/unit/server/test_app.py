"""The server, driven in process over both protocols."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import pytest

from isrgen.caching.policy import CachePolicy, Lifetime
from isrgen.manifest import HeaderRule, Redirect, Seed
from isrgen.routing.pattern import Pattern
from isrgen.routing.strategy import Strategy
from isrgen.server.message import Incoming

HOUR = CachePolicy(Lifetime(3600, 86400))

COUNTING = """
from isrgen import cache_tag
count = 0
async def loader(params):
    global count
    count += 1
    cache_tag("blog")
    return {"count": count, "slug": params.get("slug")}
"""


def test_an_isr_page_misses_hits_and_is_sent_stale_while_it_is_refreshed(kit: Any, drive: Any) -> None:
    kit.page("/blog/[slug]/", "{{ slug }} {{ count }}", COUNTING, HOUR)
    server = drive()
    first = server.get("/blog/tea/")
    assert (first.status, first.text) == (200, "tea 1")
    assert first["Cache-Status"] == "isrgen; fwd=uri-miss; stored"
    assert first["Cache-Control"] == "public, max-age=0, must-revalidate"
    assert first["CDN-Cache-Control"] == "public, max-age=3600, stale-while-revalidate=86400"
    assert first["Content-Length"] == "5"
    kit.clock.advance(60)
    second = server.get("/blog/tea/")
    assert (second.text, second["Cache-Status"], second["Age"]) == ("tea 1", "isrgen; hit; ttl=3540", "60")
    kit.clock.advance(3600)
    third = server.get("/blog/tea/")
    assert third.text == "tea 1"
    assert third["Cache-Status"] == "isrgen; hit; ttl=-60; detail=revalidating"
    assert server.get("/blog/tea/").text == "tea 2"


def test_concurrent_misses_share_one_render(kit: Any, drive: Any) -> None:
    kit.page("/a/", "{{ count }}", COUNTING, HOUR)
    server = drive()

    async def crowd() -> set[str]:
        return {reply.text for reply in await asyncio.gather(*(server.send("GET", "/a/") for _ in range(20)))}

    assert server.run(crowd()) == {"1"}


def test_a_page_that_read_a_cookie_is_shared_with_nobody_who_waited(kit: Any, drive: Any) -> None:
    module = "async def loader(request):\n    return {'who': request.cookies.get('session', '')}\n"
    kit.page("/a/", "{{ who }}", module, HOUR)
    server = drive()

    async def crowd() -> list[Any]:
        names = [f"user{n}" for n in range(10)]
        replies = await asyncio.gather(
            *(server.send("GET", "/a/", {"Cookie": f"session={name}"}) for name in names)
        )
        return list(zip(names, replies, strict=True))

    for name, reply in server.run(crowd()):
        assert reply.text == name
        assert reply["Cache-Control"] == "private, no-store"
        assert "CDN-Cache-Control" not in reply


def test_the_regeneration_knows_nothing_of_the_visitor_who_triggered_it(kit: Any, drive: Any) -> None:
    module = """
    async def loader(request):
        return {"number": request.query.get("page", "1"), "lang": request.headers.get("Accept-Language", "")}
    """
    policy = CachePolicy(Lifetime(10, 100), query=("page",))
    kit.page("/a/", "{{ number }} {{ lang }} {{ request.url }}", module, policy)
    server = drive()
    headers = {"Accept-Language": "de", "Cookie": "session=1"}
    first = server.get("/a/?page=2&utm=x", headers)
    assert first.text == "2 de https://example.org/a/?page=2"
    assert first["Vary"] == "Accept-Language"
    kit.clock.advance(20)
    assert "revalidating" in server.get("/a/?utm=y&page=2", headers)["Cache-Status"]
    fresh = server.get("/a/?page=2", {"Accept-Language": "de"})
    assert fresh.text == first.text
    assert fresh["Cache-Status"].startswith("isrgen; hit; ttl=10")
    assert server.get("/a/?page=2", {"Accept-Language": "en"}).text.startswith("2 en")


def test_unlisted_parameters_are_not_in_the_key_and_listed_ones_are(kit: Any, drive: Any) -> None:
    kit.page("/a/", "{{ count }}", COUNTING, CachePolicy(Lifetime(60), query=("page",)))
    server = drive()
    texts = [
        server.get(path).text for path in ("/a/", "/a/?utm=1", "/a/?page=2", "/a/?page=2&x=1", "/a/?page=3")
    ]
    assert texts == ["1", "1", "2", "2", "3"]


@pytest.mark.parametrize(
    ("headers", "detail"),
    [({"Cookie": "theme=dark; session=alice"}, "cookie"), ({"Authorization": "Bearer x"}, "authorization")],
)
def test_a_request_that_bypasses_is_answered_privately_and_stores_nothing(
    kit: Any, drive: Any, headers: dict[str, str], detail: str
) -> None:
    policy = CachePolicy(Lifetime(3600), bypass_cookies=("session",))
    kit.page("/a/", "{{ request.cookies.session }}{{ count }}", COUNTING, policy)
    server = drive()
    assert server.get("/a/").text == "1"
    own = server.get("/a/", headers)
    assert own.text == ("alice2" if detail == "cookie" else "2")
    assert own["Cache-Control"] == "private, no-store"
    assert own["Cache-Status"] == f"isrgen; fwd=bypass; detail={detail}"
    assert server.get("/a/", {"Cookie": "theme=light"}).text == "1"


def test_no_visitor_waits_for_a_page_that_fails_while_a_good_one_may_be_sent(kit: Any, drive: Any) -> None:
    module = """
    fail = []
    async def loader():
        if fail:
            raise OSError("down")
        fail.append(1)
    """
    kit.page("/a/", "good", module, HOUR)
    server = drive()
    server.get("/a/")
    kit.clock.advance(4000)
    for _ in range(3):
        reply = server.get("/a/")
        assert (reply.status, reply.text) == (200, "good")
    kit.clock.advance(90_000)
    assert server.get("/a/").status == 500


def test_a_purge_by_tag_from_an_api_route_is_done_before_its_answer(kit: Any, drive: Any) -> None:
    kit.page("/a/", "{{ count }}", COUNTING, HOUR)
    kit.api(
        "/api/posts",
        "from isrgen import revalidate_tag\nasync def POST(request):\n"
        "    revalidate_tag('blog', hard=(await request.json())['hard'])\n    return {'ok': True}\n",
    )
    server = drive()
    server.get("/a/")
    posted = server.request("POST", "/api/posts", body=b'{"hard": true}')
    assert (posted.status, posted["Cache-Status"]) == (200, "isrgen; fwd=method")
    assert server.get("/a/").text == "2"
    server.request("POST", "/api/posts", body=b'{"hard": false}')
    kit.clock.advance(1)
    assert server.get("/a/").text == "3"


def test_an_etag_is_on_what_is_not_streamed_and_gives_a_304(kit: Any, drive: Any) -> None:
    kit.page("/isr/", "x", policy=HOUR)
    kit.page("/ssr/", "y")
    server = drive()
    for path in ("/isr/", "/ssr/"):
        first = server.get(path)
        again = server.get(path, {"If-None-Match": f'"other", W/{first["ETag"]}'})
        assert (again.status, again.body, again["ETag"]) == (304, b"", first["ETag"])
        assert "Content-Type" not in again
        assert "Content-Length" not in again
        assert again["Cache-Control"] == first["Cache-Control"]
        assert server.get(path, {"If-None-Match": '"other"'}).status == 200


def test_a_response_that_sets_a_cookie_is_sent_whole(kit: Any, drive: Any) -> None:
    """A 304 carries no Set-Cookie: a session that rotates would end, though the page is the same."""
    module = """
    from isrgen import set_response_headers
    count = 0
    def loader(request):
        global count
        count += 1
        set_response_headers({"Set-Cookie": f"session={count}"})
    """
    kit.page("/a/", "same", module)
    kit.page("/b/", "same")
    server = drive()
    for number in (1, 2):
        reply = server.get("/a/", {"If-None-Match": "*, " + server.get("/b/")["ETag"]})
        assert (reply.status, reply.text, reply["Set-Cookie"]) == (200, "same", f"session={number}")
    assert server.get("/b/", {"If-None-Match": server.get("/b/")["ETag"]}).status == 304


def test_errors_and_posts_have_an_etag_too_and_are_never_a_304(kit: Any, drive: Any) -> None:
    kit.page("/isr/", "x", policy=HOUR)
    server = drive()
    for method, path, status in (("GET", "/nope/", 404), ("POST", "/isr/", 405), ("GET", "/a%00b", 400)):
        reply = server.request(method, path)
        assert (reply.status, bool(reply["ETag"])) == (status, True)
        assert server.request(method, path, headers={"If-None-Match": reply["ETag"]}).status == status


def test_head_has_the_headers_of_get_and_no_body(kit: Any, drive: Any) -> None:
    kit.page("/isr/", "{{ request.method }}", policy=HOUR)
    kit.api("/api/a", "def GET():\n    return 'abc'\n")
    server = drive()
    for path, length in (("/isr/", "3"), ("/api/a", "3")):
        head = server.request("HEAD", path)
        assert (head.status, head.body, head["Content-Length"]) == (200, b"", length)
    assert server.get("/isr/").text == "GET"
    assert server.get("/isr/")["Cache-Status"].startswith("isrgen; hit")


def test_an_api_routes_own_head_is_not_answered_with_its_get(kit: Any, drive: Any) -> None:
    kit.api(
        "/a",
        "from isrgen import Response\ndef GET():\n    return 'abc'\n"
        "def HEAD():\n    return Response(headers={'X-Own': '1'})\n",
        HOUR,
    )
    server = drive()
    server.get("/a")
    assert server.request("HEAD", "/a")["X-Own"] == "1"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"])
def test_pages_and_files_answer_get_and_head_only(kit: Any, drive: Any, method: str) -> None:
    kit.page("/a/", "x", policy=HOUR)
    kit.file("b.txt", b"b")
    server = drive()
    for path in ("/a/", "/b.txt"):
        reply = server.request(method, path)
        assert (reply.status, reply["Allow"]) == (405, "GET, HEAD")


def test_ssr_and_api_without_headers_of_their_own_are_private(kit: Any, drive: Any) -> None:
    kit.page("/a/", "x")
    kit.api("/b", "def GET():\n    return {}\n")
    server = drive()
    for path in ("/a/", "/b"):
        assert server.get(path)["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize(
    ("slash", "asked", "location"),
    [
        (True, "/blog/tea?a=1&b=%20", "/blog/tea/?a=1&b=%20"),
        (True, "/file", "/file/"),
        (True, "/api/x/?a", "/api/x?a"),
        (False, "/blog/tea/?a=1", "/blog/tea?a=1"),
        (False, "/api/x/", "/api/x"),
    ],
)
def test_the_other_form_of_a_url_is_a_308_that_keeps_the_query(
    kit: Any, drive: Any, slash: bool, asked: str, location: str
) -> None:
    kit.page("/blog/[slug]/" if slash else "/blog/[slug]", "x")
    kit.api("/api/x", "def GET():\n    return ''\n")
    kit.file("file/index.html", b"f", url="/file/")
    server = drive()
    reply = server.get(asked)
    assert (reply.status, reply["Location"]) == (308, location)
    assert server.get(location).status == 200


def test_no_slash_form_redirects_in_a_circle(kit: Any, drive: Any) -> None:
    kit.page("/a/", "x")
    kit.page("/a/[...path]/", "rest")
    kit.file("b/index.html", b"b", url="/b/")
    kit.page("/b/[x]/", "x")
    server = drive()
    for path in ("/a", "/a/", "/a/b", "/a/b/", "/b", "/b/", "/b/c", "/"):
        seen = []
        reply = server.get(path)
        while reply.status == 308:
            assert reply["Location"] not in seen
            seen.append(reply["Location"])
            reply = server.get(reply["Location"])
        assert len(seen) <= 1


def test_redirects_fill_parameters_keep_the_query_and_come_first(kit: Any, drive: Any) -> None:
    kit.file("old/tea/index.html", b"x", url="/old/tea/")
    kit.change(
        redirects=(
            Redirect(Pattern.parse("/old/[slug]/"), "/blog/[slug]/", 308),
            Redirect(Pattern.parse("/d/[...path]/"), "/[...path]/", 302),
            Redirect(Pattern.parse("/out/[x]/"), "https://example.com/{x}?a=1#top", 301),
        )
    )
    server = drive()
    cases = {
        "/old/tea/?page=2": (308, "/blog/tea/?page=2"),
        "/old/caf%C3%A9": (308, "/blog/caf%C3%A9/"),
        "/old/a%0D%0AX-Bad:1/": (400, ""),
        "/d/a/b/": (302, "/a/b/"),
        "/d/": (302, "/"),
        "/out/x/?b=2": (301, "https://example.com/x?a=1&b=2#top"),
        "/out/y%3Fz/": (301, "https://example.com/y%3Fz?a=1#top"),
    }
    for path, (status, location) in cases.items():
        reply = server.get(path)
        assert (reply.status, reply["Location"]) == (status, location), path


@pytest.mark.parametrize(
    "path", ["/d/%5Cevil.example/", "/d/evil.example/", "/d/%2F%2Fevil.example/", "/d//evil.example/"]
)
def test_no_redirect_leaves_for_another_host(kit: Any, drive: Any, path: str) -> None:
    kit.change(redirects=(Redirect(Pattern.parse("/d/[...path]/"), "/[...path]/"),))
    reply = drive().get(path)
    if reply.status == 308:
        assert reply["Location"].startswith("/")
        assert not reply["Location"].startswith(("//", "/\\"))
    else:
        assert reply.status in (400, 404)


@pytest.mark.parametrize(
    "path",
    [
        "//x",
        "/\\x",
        "/a//b",
        "/../etc/passwd",
        "/a/../b",
        "/%2e%2e/x",
        "/a%00b",
        "/%ff%fe",
        "/a%0d%0ab",
        "/./a",
        "/%5c..%5cx",
    ],
)
def test_a_hostile_path_is_a_400_or_a_404(kit: Any, drive: Any, path: str) -> None:
    kit.page("/[...path]/", "{{ params }}", policy=HOUR)
    assert drive().get(path).status in (400, 404)


def test_an_encoded_slash_matches_no_parameter(kit: Any, drive: Any) -> None:
    kit.page("/b/[x]/", "{{ params.x }}", policy=HOUR)
    assert drive().get("/b/a%2Fb/").status == 404


def test_the_nearest_not_found_file_is_sent_and_never_stored(kit: Any, drive: Any) -> None:
    kit.not_found("/", "rendered")
    kit.not_found("/docs/", "rendered docs")
    kit.file("404.html", b"top", status=404)
    kit.file("docs/404.html", b"docs", status=404)
    kit.change(header_rules=(HeaderRule("/**", (("X-Frame-Options", "DENY"),)),))
    server = drive()
    for path, text in (("/x", "top"), ("/docs/x/y", "docs"), ("/docsy", "top")):
        reply = server.get(path, {"If-None-Match": "*", "Range": "bytes=0-0"})
        assert (reply.status, reply.text, reply["Cache-Control"]) == (404, text, "private, no-store")
        assert reply["X-Frame-Options"] == "DENY"


def test_without_files_the_not_found_page_is_rendered_and_without_one_it_is_plain(
    kit: Any, drive: Any
) -> None:
    kit.not_found("/docs/", "docs {{ site.title }}")
    server = drive()
    assert (server.get("/docs/x").status, server.get("/docs/x").text) == (404, "docs Site")
    assert "no page at this address" in server.get("/x").text


def test_an_ssg_route_whose_file_is_not_there_is_a_404_and_no_other_routes_page(kit: Any, drive: Any) -> None:
    kit.page("/glossary/[term]/", "x", strategy=Strategy.SSG)
    kit.page("/[...path]/", "catch-all")
    server = drive()
    assert server.get("/glossary/none/").status == 404
    assert server.get("/other/").text == "catch-all"


def test_seeds_are_sent_stale_at_once_and_refreshed(kit: Any, drive: Any) -> None:
    kit.page("/a/", "{{ count }}", COUNTING, HOUR)
    kit.write("seeds/a.body", "seeded")
    seed = Seed(
        "/a/", "x", "seeds/a.body", 200, (("Content-Type", "text/html"),), ("blog",), Lifetime(3600, 60)
    )
    kit.change(seeds=(seed, Seed("/b/", "x", "seeds/gone", 200, (), (), Lifetime(1))))
    server = drive()
    first = server.get("/a/")
    assert (first.text, first["Content-Type"]) == ("seeded", "text/html")
    assert first["Cache-Status"].startswith("isrgen; hit")
    assert server.get("/a/").text == "1"


def test_a_private_stream_reaches_the_client_in_full(kit: Any, drive: Any) -> None:
    module = """
    from isrgen import Response
    async def loader():
        async def chunks():
            for part in ("a", b"b", "", "c"):
                yield part
        return Response(chunks(), headers={"Content-Length": "99"})
    """
    kit.page("/a/", None, module)
    server = drive()
    reply = server.get("/a/")
    assert (reply.text, reply["Cache-Control"], reply.broken) == ("abc", "private, no-store", False)
    assert "Content-Length" not in reply
    assert "ETag" not in reply
    assert server.request("HEAD", "/a/").body == b""


def test_a_stream_that_breaks_is_logged_and_the_server_goes_on(
    kit: Any, drive: Any, caplog: pytest.LogCaptureFixture
) -> None:
    module = """
    from isrgen import Response
    def loader():
        def chunks():
            yield "a"
            raise KeyError("secret")
        return Response(chunks())
    """
    kit.page("/a/", None, module)
    server = drive()
    reply = server.get("/a/")
    assert reply.text == "a"
    assert reply.broken == (server.protocol == "asgi")
    told = (
        "GET /a/ broke off half-way, on the route /a/: content/a+ssr.py:5: The streamed body raised KeyError"
    )
    assert told in caplog.text
    assert len(caplog.records) == 1
    assert server.get("/a/").text == "a"


def test_behind_a_cdn_the_judgment_is_the_same_and_the_headers_are_its_own(kit: Any, drive: Any) -> None:
    policy = CachePolicy(Lifetime(3600, 86400), tags=("blog",), bypass_cookies=("session",))
    kit.page("/a/", "{{ count }}", COUNTING, policy)
    kit.page("/b/", "{{ request.cookies.x }}", policy=HOUR)
    server = drive(edge=False, behind="generic")
    replies = [server.get("/a/") for _ in range(2)]
    assert [reply.text for reply in replies] == ["1", "2"]
    assert replies[0]["Cache-Control"] == "public, s-maxage=3600, stale-while-revalidate=86400"
    assert "Cache-Status" not in replies[0]
    assert server.get("/a/", {"Cookie": "session=1"})["Cache-Control"] == "private, no-store"
    assert server.get("/a/", {"Authorization": "x"})["Cache-Control"] == "private, no-store"
    assert server.get("/b/")["Cache-Control"] == "private, no-store"


def test_behind_a_cdn_with_tags_they_are_sent(kit: Any, drive: Any) -> None:
    kit.page("/a/", "{{ count }}", COUNTING, HOUR)
    reply = drive(edge=False, behind="fastly").get("/a/")
    assert "blog" in reply["Surrogate-Key"].split()
    assert reply["Surrogate-Control"] == "max-age=3600, stale-while-revalidate=86400"


def test_internal_headers_and_parameters_from_outside_are_dropped(kit: Any, drive: Any) -> None:
    module = "def loader(request):\n    return {'h': dict(request.headers), 'q': dict(request.query)}\n"
    kit.page("/a/", "{{ h | safe }} {{ q | safe }}", module)
    server = drive()
    for internal in ("__isr_path=/b/", "%5f%5fisr_x=1", "__ISR_PATH=x", "__isr_path=/b/&__Isr_y=1"):
        text = server.get(f"/a/?{internal}&ok=1", {"X-Isrgen-Path": "/b/", "X-Ok": "1"}).text
        assert "isrgen" not in text
        assert "isr_" not in text.lower()
        assert "'ok': '1'" in text
        assert "x-ok" in text


def test_only_a_trusted_proxy_says_who_the_visitor_is(kit: Any, drive: Any) -> None:
    module = """
    def GET(request):
        return [request.client, request.url, request.headers.get("x-forwarded-for")]
    """
    kit.api("/who", module)
    kit.change(trusted_proxies=("10.0.0.0/8",))
    server = drive()
    headers = {
        "X-Forwarded-For": "1.1.1.1, 198.51.100.7, 10.0.0.2",
        "X-Forwarded-Host": "shop.example",
        "X-Forwarded-Proto": "https",
    }
    assert json.loads(server.get("/who", headers, peer="203.0.113.9").body) == [
        "203.0.113.9",
        "https://example.org/who",
        None,
    ]
    trusted = json.loads(server.get("/who", headers, peer="10.0.0.1").body)
    assert trusted[:2] == ["198.51.100.7", "https://shop.example/who"]


def test_a_forwarded_host_is_never_in_a_shared_page(kit: Any, drive: Any) -> None:
    kit.change(trusted_proxies=("10.0.0.0/8",))
    kit.page("/a/", "{{ request.url }}", policy=HOUR)
    server = drive()
    reply = server.get("/a/", {"X-Forwarded-Host": "evil.example", "Host": "evil.example"}, peer="10.0.0.1")
    assert reply.text == "https://example.org/a/"


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/" + "a" * 9000, {}, 414),
        ("/a/?" + "a" * 20000, {}, 414),
        ("/a/?" + "a&" * 1500, {}, 414),
        ("/a/", {f"x-{n}": "1" for n in range(200)}, 431),
        ("/a/", {"x": "a" * 70000}, 431),
    ],
)
def test_a_request_that_is_too_large_is_refused(
    kit: Any, drive: Any, path: str, headers: dict[str, str], status: int
) -> None:
    kit.page("/a/", "x")
    assert drive().get(path, headers).status == status


def test_a_body_past_the_limit_is_a_413(kit: Any, drive: Any) -> None:
    kit.api("/a", "async def POST(request):\n    return str(len(await request.body()))\n")
    server = drive()
    assert server.request("POST", "/a", body=b"x" * 100_000).text == "100000"
    assert server.request("POST", "/a", body=b"x" * (10 * 2**20 + 1)).status == 413


@pytest.mark.parametrize("path", ["/echo", "/_isrgen/revalidate"])
def test_a_body_that_does_not_arrive_in_time_is_a_408(kit: Any, path: str) -> None:
    kit.api("/echo", "async def POST(request):\n    return await request.text()\n")
    app = kit.app(token="t", body_within=0.05)
    ended: list[bool] = []

    async def half(most: int) -> bytes:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)
        return b""

    async def whole(most: int) -> bytes:
        return b"{}"

    async def scene() -> list[int]:
        headers = [("authorization", "Bearer t")]
        found = [
            await app.handle(Incoming("POST", path, path.encode(), "", headers, "", read))
            for read in (half, whole)
        ]
        await app.stop()
        return [outgoing.status for outgoing in found]

    slow, quick = asyncio.run(scene())
    assert (slow, ended) == (408, [True])
    assert quick == {"/echo": 200, "/_isrgen/revalidate": 400}[path]


def test_a_shared_api_answer_never_sees_the_body_of_a_get(kit: Any, drive: Any) -> None:
    kit.api("/a", "async def GET(request):\n    return await request.text()\n", HOUR)
    server = drive()
    assert server.request("GET", "/a", body=b"poison").text == ""
    assert server.get("/a").text == ""


def test_a_header_that_granian_could_not_send_does_not_leave(kit: Any, drive: Any) -> None:
    module = "from isrgen import Response\ndef GET():\n    return Response('x', headers={'X-Name': 'café'})\n"
    kit.api("/a", module)
    server = drive()
    assert server.get("/a")["X-Name"] == ("caf?" if server.protocol == "rsgi" else "café")


def test_connection_fields_of_the_sites_code_are_not_sent(kit: Any, drive: Any) -> None:
    module = """
    from isrgen import Response
    def GET():
        fields = {"Transfer-Encoding": "chunked", "Connection": "close", "Content-Length": "7"}
        return Response("x", headers=fields)
    """
    kit.api("/a", module)
    reply = drive().get("/a")
    assert reply["Content-Length"] == "1"
    assert "Transfer-Encoding" not in reply
    assert "Connection" not in reply


def test_a_fault_of_our_own_is_a_500_and_a_logged_traceback(
    kit: Any, drive: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit.page("/a/", "x")
    server = drive()
    monkeypatch.setattr(server.app._matcher, "match", lambda segments: 1 / 0, raising=False)
    with caplog.at_level(logging.ERROR, "isrgen"):
        reply = server.get("/a/")
    assert reply.status == 500
    assert "ZeroDivisionError" in caplog.text
    assert "ZeroDivision" not in reply.text


def test_a_cache_hit_runs_none_of_the_sites_code_and_needs_no_thread(
    kit: Any, drive: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit.page("/a/", "x", policy=HOUR)
    server = drive()
    server.get("/a/")
    server.app.renderer.close()
    assert server.get("/a/")["Cache-Status"].startswith("isrgen; hit")


def test_lifespan_starts_and_stops_the_app(kit: Any) -> None:
    kit.page("/a/", "x", policy=HOUR)
    app = kit.app()
    sent: list[dict[str, Any]] = []
    messages = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

    async def receive() -> dict[str, Any]:
        return next(messages)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(app({"type": "lifespan"}, receive, send))
    assert [message["type"] for message in sent] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]


def test_a_client_that_leaves_while_it_streams_ends_the_generator(kit: Any) -> None:
    module = """
    import asyncio
    from isrgen import Response
    ended = []
    async def chunks():
        try:
            while True:
                yield "x"
                await asyncio.sleep(0)
        finally:
            ended.append(True)
    def loader():
        return Response(chunks())
    """
    kit.page("/a/", None, module)
    app = kit.app()

    async def scene() -> None:
        sent: list[dict[str, Any]] = []
        left = asyncio.Event()

        async def receive() -> dict[str, Any]:
            await left.wait()
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)
            if len(sent) == 4:
                left.set()

        scope = {"type": "http", "method": "GET", "path": "/a/", "raw_path": b"/a/", "headers": []}
        await app(scope, receive, send)

    asyncio.run(scene())
    assert app.renderer._parts.modules.load("content/a+ssr.py").ended == [True]


def test_a_cookie_that_is_not_ascii_is_seen_or_refused_and_never_just_gone(kit: Any, drive: Any) -> None:
    """granian keeps such a line to itself: its visitor would be taken for one without a session."""
    policy = CachePolicy(Lifetime(3600), bypass_cookies=("session",))
    kit.page("/me/", "{{ request.cookies.session or 'nobody' }}", policy=policy)
    server = drive()
    assert server.get("/me/").text == "nobody"
    reply = server.get("/me/", {"Cookie": "session=abc; name=Zo\xc3\xab"})
    if server.protocol == "asgi":
        assert (reply.text, reply["Cache-Status"]) == ("abc", "isrgen; fwd=bypass; detail=cookie")
    else:
        assert (reply.status, reply["Cache-Control"]) == (400, "private, no-store")
        assert "cookie" in reply.text
    assert reply["Cache-Control"] == "private, no-store"
    assert server.get("/me/", {"User-Agent": "caf\xe9", "Referer": "/\xe9"}).text == "nobody"
