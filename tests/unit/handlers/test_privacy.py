"""Interface section 5, row by row: what a render reads decides who may share it."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from isrgen.caching.policy import CachePolicy, Lifetime
from isrgen.http.request import Request

HOUR = Lifetime(3600, 86400)
VISITOR: dict[str, Any] = {
    "headers": [
        ("cookie", "session=alice; theme=dark"),
        ("authorization", "Bearer x"),
        ("accept", "text/html"),
        ("accept-language", "de"),
        ("user-agent", "test"),
        ("x-country", "NL"),
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
    ],
    "query_string": "page=2&utm=mail",
    "client": "203.0.113.9",
}

# what is read -> (reason for being private or None, Vary)
ROWS: list[tuple[str, str | None, tuple[str, ...]]] = [
    ("request.cookies.get('session')", "reads-cookie", ()),
    ("'session' in request.cookies", "reads-cookie", ()),
    ("list(request.cookies)", "reads-cookie", ()),
    ("request.headers.get('Cookie')", "reads-cookie", ()),
    ("request.headers['cookie']", "reads-cookie", ()),
    ("request.headers.get('Authorization')", "reads-authorization", ()),
    ("request.client", "reads-client", ()),
    ("request.headers.get('X-Country')", None, ("x-country",)),
    ("request.headers.get('Accept')", None, ("accept",)),
    ("request.headers.get('accept-language')", None, ("accept-language",)),
    ("request.headers.get('User-Agent')", "reads-header", ()),
    ("request.headers.get('Host')", "reads-header", ()),
    ("request.headers.get('X-Forwarded-Host')", "reads-header", ()),
    ("'x-nobody-sent-it' in request.headers", "reads-header", ()),
    ("dict(request.headers)", "reads-header", ()),
    ("request.query.get('page')", None, ()),
    ("request.query.get('utm')", "reads-query", ()),
    ("request.query.get('absent')", "reads-query", ()),
    ("len(request.query)", "reads-query", ()),
    ("str(request.query)", "reads-query", ()),
    ("request.url", None, ()),
    ("request.path, request.method, request.params", None, ()),
]
POLICY = CachePolicy(HOUR, query=("page",), vary=("X-Country",))


@pytest.mark.parametrize(("read", "reason", "vary"), ROWS, ids=[row[0] for row in ROWS])
@pytest.mark.parametrize("place", ["loader", "template", "middleware", "stream"])
def test_each_read_has_its_effect_wherever_it_is_made(
    kit: Any,
    ask: Any,
    caplog: pytest.LogCaptureFixture,
    place: str,
    read: str,
    reason: str | None,
    vary: tuple[str, ...],
) -> None:
    layers: tuple[str, ...] = ()
    module, body = "", "x"
    match place:
        case "loader":
            module = f"async def loader(request):\n    {read}\n"
        case "template":
            body = _template(read)
        case "middleware":
            source = f"def middleware(request, next):\n    {read}\n    return next(request)\n"
            layers = (kit.write("content/_middleware.py", source),)
        case _:
            module = (
                "from isrgen import Response\n"
                f"def loader(request):\n    def chunks():\n        {read}\n        yield 'x'\n"
                "    return Response(chunks())\n"
            )
    kit.page("/a/", body, module, POLICY, middleware=layers)
    with caplog.at_level(logging.WARNING, "isrgen"):
        answer = ask("/a/", **VISITOR)
    assert answer.status == 200
    if reason is None:
        assert answer.shared is not None
        assert (answer.shared.lifetime, answer.shared.vary) == (HOUR, vary)
        assert caplog.records == []
        return
    assert (answer.shared, answer.reason) == (None, reason)
    (record,) = caplog.records
    place_said = record.getMessage().partition(": ")[0]
    files = {"template": "content/a+ssr.html:2", "middleware": "content/_middleware.py:2"}
    line = {"loader": 2, "stream": 4}.get(place)
    assert place_said == files.get(place, f"content/a+ssr.py:{line}")


def _template(read: str) -> str:
    """The same read in Jinja's words."""
    special = {
        "list(request.cookies)": "request.cookies | list",
        "dict(request.headers)": "request.headers | length",
        "len(request.query)": "request.query | length",
        "str(request.query)": "request.query",
        "request.path, request.method, request.params": "request.path ~ request.method ~ request.params",
    }
    return f"top\n{{{{ {special.get(read, read)} }}}}"


def test_nothing_read_is_shared_and_what_nobody_reads_changes_nothing(kit: Any, ask: Any) -> None:
    kit.page("/a/", "x", policy=POLICY)
    answer = ask("/a/", **VISITOR)
    assert (answer.shared.lifetime, answer.shared.vary) == (HOUR, ())


def test_url_on_a_route_with_a_lifetime_shows_only_what_is_in_the_key(kit: Any, ask: Any) -> None:
    kit.page("/a/", "{{ request.url }}", policy=POLICY)
    assert ask("/a/", **VISITOR).body == b"https://example.org/a/?page=2"


def test_url_elsewhere_is_as_reading_all_parameters(kit: Any, ask: Any) -> None:
    module = """
    from isrgen import set_response_headers
    def loader(request):
        set_response_headers({"Cache-Control": "public, s-maxage=60"})
        return {"u": request.url}
    """
    kit.page("/a/", "{{ u }}", module)
    answer = ask("/a/", **VISITOR)
    assert (answer.shared, answer.reason) == (None, "reads-query")


@pytest.mark.parametrize("value", ["Cookie", "*", "Accept, X-Unlisted"])
def test_a_vary_that_no_cache_could_keep_makes_the_page_private(kit: Any, ask: Any, value: str) -> None:
    module = f"import isrgen\ndef loader():\n    isrgen.set_response_headers({{'Vary': '{value}'}})\n"
    kit.page("/a/", "x", module, POLICY)
    answer = ask("/a/")
    assert (answer.shared, answer.reason) == (None, "vary")


# how code may say it -> the line that does
VARY: list[tuple[str, str, int]] = [
    ("loader", "def loader():\n    isrgen.set_response_headers({'Vary': 'X-One'})\n", 3),
    ("loader", "def loader():\n    isrgen.set_response_headers([('vary', 'X-One')])\n", 3),
    (
        "loader",
        "def loader():\n    isrgen.set_response_headers(\n        lambda h: h.append('Vary', 'X-One'))\n",
        4,
    ),
    ("loader", "KEPT = isrgen.Response('x', headers={'Vary': 'X-One'})\ndef loader():\n    return KEPT\n", 2),
    ("loader", "def loader():\n    raise isrgen.Response('x', 200, {'Vary': 'X-One'})\n", 3),
    (
        "middleware",
        "async def middleware(request, next):\n"
        "    response = await next(request)\n    response.headers['Vary'] = 'X-One'\n    return response\n",
        2,
    ),
    (
        "middleware",
        "def middleware(request, next):\n    isrgen.set_response_headers({'Vary': 'X-One'})\n"
        "    return next(request)\n",
        3,
    ),
]


@pytest.mark.parametrize(("place", "code", "line"), VARY)
def test_a_vary_that_code_set_is_warned_about_with_its_line(
    kit: Any, ask: Any, caplog: pytest.LogCaptureFixture, place: str, code: str, line: int
) -> None:
    source = f"import isrgen\n{code}"
    layers = (kit.write("content/_middleware.py", source),) if place == "middleware" else ()
    kit.page("/a/", "x", source if place == "loader" else "", POLICY, middleware=layers)
    assert ask("/a/").shared is None
    (record,) = caplog.records
    file = "content/_middleware.py" if place == "middleware" else "content/a+ssr.py"
    assert record.getMessage().startswith(f"{file}:{line}: The response says `Vary: x-one`")


def test_each_line_and_each_thing_it_says_is_warned_about_once(
    kit: Any, ask: Any, caplog: pytest.LogCaptureFixture
) -> None:
    module = """
    import isrgen
    def loader(params):
        isrgen.set_response_headers({"Vary": f"X-{params['x']}"})
        isrgen.set_response_headers(lambda headers: headers.append("Vary", "X-Two"))
    """
    kit.page("/[x]/", "x", module, POLICY)
    for path in ("/one/", "/one/", "/three/", "/one/"):
        ask(path)
    said = [record.getMessage().partition(", so")[0] for record in caplog.records]
    assert said == [
        "content/[x]+ssr.py:3: The response says `Vary: x-one`",
        "content/[x]+ssr.py:4: The response says `Vary: x-two`",
        "content/[x]+ssr.py:3: The response says `Vary: x-three`",
    ]


@pytest.mark.parametrize("place", ["code", "rule"])
def test_set_cookie_makes_the_page_private_wherever_it_comes_from(kit: Any, ask: Any, place: str) -> None:
    module = "import isrgen\ndef loader():\n    isrgen.set_response_headers({'Set-Cookie': 'a=1'})\n"
    headers = (("Set-Cookie", "a=1"),) if place == "rule" else ()
    kit.page("/a/", "x", module if place == "code" else "", POLICY, headers=headers)
    answer = ask("/a/")
    assert (answer.shared, answer.reason) == (None, "set-cookie")


DASHBOARD = """
from isrgen import set_response_headers

async def get_user(cookies):
    return cookies.split("session=")[1].split(";")[0]

async def loader(request):
    cookies = request.headers.get("Cookie") or ""
    is_authenticated = "session=" in cookies
    if is_authenticated:
        # Don't cache user-specific content
        set_response_headers(lambda headers: headers.set("Cache-Control", "private, no-store"))
        return {"user": await get_user(cookies)}
    # Cache the public version
    set_response_headers(lambda headers: headers.set(
        "Cache-Control", "public, s-maxage=3600, stale-while-revalidate=86400"))
    return {"user": None}
"""


def test_the_guides_dashboard_is_shared_once_its_route_lists_the_cookie(kit: Any, ask: Any) -> None:
    kit.page("/dashboard/", "{{ user }}", DASHBOARD, CachePolicy(bypass_cookies=("session",)))
    public = ask("/dashboard/", headers=[("cookie", "theme=dark")], hide_cookies=True)
    assert (public.body, public.shared.lifetime) == (b"None", HOUR)
    own = ask("/dashboard/", headers=[("cookie", "session=alice; theme=dark")], bypass="cookie")
    assert (own.body, own.shared, own.reason) == (b"alice", None, "cookie")


def test_the_guides_dashboard_is_correct_private_and_warned_about_without_it(
    kit: Any, ask: Any, caplog: pytest.LogCaptureFixture
) -> None:
    kit.page("/dashboard/", "{{ user }}", DASHBOARD)
    public = ask("/dashboard/")
    assert (public.body, public.shared) == (b"None", None)
    assert ask("/dashboard/", headers=[("cookie", "session=alice")]).body == b"alice"
    assert "content/dashboard+ssr.py:7" in caplog.text
    assert "bypass-cookies" in caplog.text


def test_a_request_that_shows_cookies_on_such_a_route_is_never_shared(kit: Any, ask: Any) -> None:
    kit.page("/a/", "{{ request.cookies.session }}", policy=CachePolicy(HOUR, bypass_cookies=("session",)))
    assert ask("/a/", headers=[("cookie", "session=alice")]).shared is None


BLOG = """
from isrgen import Response, set_response_headers

async def fetch_post(slug):
    return {"title": "Tea"} if slug == "tea" else None

async def loader(params):
    post = await fetch_post(params["slug"])
    if post is None:
        raise Response("Not Found", status=404)
    # Cache for 1 hour, serve stale for up to 1 week
    set_response_headers(lambda headers: headers.set(
        "Cache-Control", "public, s-maxage=3600, stale-while-revalidate=604800"))
    return {"post": post}
"""


def test_the_guides_blog_post_has_its_week_and_an_unknown_slug_is_its_own_404(kit: Any, ask: Any) -> None:
    kit.page("/blog/[slug]/", "<article><h1>{{ post.title }}</h1></article>", BLOG)
    post = ask("/blog/tea/")
    assert (post.body, post.shared.lifetime) == (b"<article><h1>Tea</h1></article>", Lifetime(3600, 604800))
    missing = ask("/blog/none/")
    assert (missing.status, missing.body, missing.shared) == (404, b"Not Found", None)


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_server_error_is_never_shared(kit: Any, ask: Any, status: int) -> None:
    module = (
        "from isrgen import Response\ndef loader():\n"
        f"    return Response('x', {status}, {{'Cache-Control': 'public, s-maxage=60'}})\n"
    )
    kit.page("/a/", None, module, POLICY)
    assert ask("/a/").shared is None


def test_what_one_visitor_puts_into_the_data_no_other_finds_there(kit, ask):
    """The page of the first is a 500: what is everybody's cannot be changed, and the log says so."""
    module = """
        def loader(site, request):
            site.data["seen"].append(request.cookies.get("name", "nobody"))
    """
    kit.data = {"seen": ["start"]}
    kit.page("/a/", "{{ data.seen }}", module=module, policy=CachePolicy(HOUR))
    kit.page(
        "/b/",
        "{{ page.names.append(request.cookies.name) }}",
        policy=CachePolicy(HOUR),
        entry={"extra": {"names": []}},
    )
    kit.page("/c/", "{{ data.seen | join }}{% for page in site.pages %}{{ page.names | join }}{% endfor %}")
    for path in ("/a/", "/b/"):
        assert ask(path, headers=[("cookie", "name=alice")]).status == 500
    assert ask("/c/").body == b"start"


def test_while_developing_a_strict_site_shows_the_warning_in_place_of_the_page(
    kit: Any, caplog: pytest.LogCaptureFixture
) -> None:
    module = """
    from isrgen import Response
    def loader(request):
        request.cookies.get("session")
        request.client
        return Response(iter(["x"]))
    """
    route = kit.page("/a/", None, module, POLICY)
    kit.change(strict=True)
    answer = asyncio.run(kit.renderer(debug=True).answer(route, Request(path="/a/")))
    assert (answer.status, answer.shared, answer.stream) == (500, None, None)
    for line, what in ((3, "the cookie `session`"), (4, "the visitor&#x27;s address")):
        assert f"content/a+ssr.py:{line}: This reads {what}" in answer.body.decode()
    assert "bypass-cookies: [session]" in answer.body.decode()
    (record,) = caplog.records
    assert record.levelno == logging.ERROR


@pytest.mark.parametrize(("strict", "debug"), [(True, False), (False, True)])
def test_strict_in_production_and_warnings_while_developing_leave_the_page_private(
    kit: Any, caplog: pytest.LogCaptureFixture, strict: bool, debug: bool
) -> None:
    route = kit.page("/a/", "{{ request.cookies.get('session') }}", policy=POLICY)
    kit.change(strict=strict)
    answer = asyncio.run(kit.renderer(debug=debug).answer(route, Request(path="/a/")))
    assert (answer.status, answer.shared, answer.reason) == (200, None, "reads-cookie")
    (record,) = caplog.records
    assert record.levelno == (logging.ERROR if strict else logging.WARNING)
