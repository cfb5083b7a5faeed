"""Sites that leak in ways that no recorder of reads can see, and sites that look as if they did."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from isrgen.check.report import Report

from .conftest import Check, check_folder

SITES = Path(__file__).parents[2] / "sites"
STARTERS = Path(__file__).parents[3] / "isrgen" / "starters"

ACCOUNT = """
    from isrgen import Response
    def loader():
        return Response("An account")
"""


def leak(report: Report) -> str:
    """The one leak that was found, as it is told."""
    assert len(report.problems) == 1, report.problems
    return str(report.problems[0])


def test_a_dict_at_the_top_of_a_module_that_holds_the_current_user_is_caught(check_site: Check) -> None:
    report = check_site(
        {
            "content/_lib/who.py": 'current = {"user": "guest"}\n',
            "content/dashboard+ssr.py": """
                from isrgen import Response
                from _lib.who import current
                def loader(request):
                    current["user"] = request.cookies.get("session", "guest")
                    return Response("A dashboard")
            """,
            "content/index+ssr.py": """
                from isrgen import Response
                from _lib.who import current
                cache = "hourly"
                def loader():
                    return Response(f"<p>Hello {current['user']}</p>")
            """,
        },
        leaks=True,
    )
    assert leak(report) == (
        "content/dashboard+ssr.py:4: / is kept for everyone and holds what user A sent:"
        " the cookie `session`.\n"
        "  content/dashboard+ssr.py:4 read it, for user A at /dashboard/.\n"
        "  It is remembered by `current['user']` (content/_lib/who.py:1).\n"
        "  --- an anonymous visitor\n"
        "  +++ an anonymous visitor, after user A, user A with Authorization\n"
        "  -<p>Hello guest</p>\n"
        "  +<p>Hello isrgen-check-a-session</p>\n"
        "  Hand what belongs to a visitor on as an argument, and keep nothing of it at the top of a module,"
        " in a\n  class, or under a key that does not hold everything it was made of."
    )


MEMOISED = {
    "content/index+ssr.py": """
        from isrgen import Response
        from _lib.who import menu, user
        cache = {"s-maxage": "1h", "bypass-cookies": ["session"]}
        def loader(request):
            user.set(request.cookies.get("session", "guest"))
            return Response(menu())
    """,
}


def test_a_memoised_function_without_the_user_in_its_key_is_caught(check_site: Check) -> None:
    who = """
        from contextvars import ContextVar
        from functools import lru_cache
        user = ContextVar("user", default="guest")

        @lru_cache
        def menu():
            return f"The menu of {user.get()}"
    """
    told = leak(check_site({**MEMOISED, "content/_lib/who.py": who}, leaks=True))
    assert told.startswith("content/index+ssr.py:5: / is kept for everyone and holds what user A sent")
    assert "It is remembered by `menu` (content/_lib/who.py:6)." in told
    assert "-The menu of guest\n  +The menu of isrgen-check-a-session" in told


def test_what_was_made_of_a_user_is_caught_where_nothing_of_the_user_is_in_it(check_site: Check) -> None:
    who = """
        from contextvars import ContextVar
        from functools import cache
        user = ContextVar("user", default="guest")

        @cache
        def menu():
            return "free" if user.get() == "guest" else "paying"
    """
    told = leak(check_site({**MEMOISED, "content/_lib/who.py": who}, leaks=True))
    assert told.startswith(
        "content/index+ssr.py:5: / is kept for everyone and is not the same for everyone.\n"
        "  What was read of the visitors before: content/index+ssr.py:5 (the cookie `session`).\n"
        "  These functions remember what they gave: `menu` (content/_lib/who.py:6).\n"
    )
    assert "-free\n  +paying" in told


def test_a_memoised_function_with_everything_in_its_key_is_none(check_site: Check) -> None:
    who = """
        from contextvars import ContextVar
        from functools import cache
        user = ContextVar("user", default="guest")

        def menu():
            return made(user.get())

        @cache
        def made(name):
            return f"The menu of {name}"
    """
    assert check_site({**MEMOISED, "content/_lib/who.py": who}, leaks=True).problems == []


MIDDLEWARE = {
    "content/account+ssr.py": ACCOUNT,
    "content/index+ssr.py": """
        from isrgen import Response
        from _lib.who import name
        cache = "hourly"
        def loader():
            return Response(f"<p>{name()}</p>")
    """,
    "content/_middleware.py": """
        from _lib.who import remember
        async def middleware(request, next):
            if request.path == "/account/":
                remember(request.cookies.get("session", "nobody"))
            return await next(request)
    """,
}


def test_a_context_variable_whose_default_is_changed_in_place_is_caught(check_site: Check) -> None:
    who = """
        from contextvars import ContextVar
        user = ContextVar("user", default={})
        def remember(name):
            user.get()["name"] = name
        def name():
            return user.get().get("name", "nobody")
    """
    told = leak(check_site({**MIDDLEWARE, "content/_lib/who.py": who}, leaks=True))
    assert told.startswith("content/_middleware.py:4: / is kept for everyone and holds what user A sent")
    assert "content/_middleware.py:4 read it, for user A at /account/." in told
    assert "It is remembered by `user['name']` (content/_lib/who.py:2)." in told


def test_a_context_variable_that_middleware_left_set_reaches_no_other_render(check_site: Check) -> None:
    who = """
        from contextvars import ContextVar
        user = ContextVar("user", default="nobody")
        def remember(name):
            user.set(name)
        def name():
            return user.get()
    """
    assert check_site({**MIDDLEWARE, "content/_lib/who.py": who}, leaks=True).problems == []


def test_an_attribute_of_a_class_is_caught(check_site: Check) -> None:
    report = check_site(
        {
            "content/_lib/who.py": 'class Current:\n    address = "nowhere"\n',
            "content/api/me+api.py": """
                from _lib.who import Current
                def GET(request):
                    Current.address = request.client
                    return {"ok": True}
            """,
            "content/index+ssr.py": """
                from isrgen import Response
                from _lib.who import Current
                cache = "hourly"
                def loader():
                    return Response(f"Somebody from {Current.address}")
            """,
        },
        leaks=True,
    )
    told = leak(report)
    assert told.startswith(
        "content/api/me+api.py:3: / is kept for everyone and holds what user A sent: the address."
    )
    assert "It is remembered by `Current.address` (content/_lib/who.py:1)." in told


def test_what_a_thread_remembers_is_caught(check_site: Check) -> None:
    report = check_site(
        {
            "content/_lib/who.py": "import threading\nlocal = threading.local()\n",
            "content/account+ssr.py": """
                from isrgen import Response
                from _lib.who import local
                def loader(request):
                    local.phone = "iPhone" in request.headers.get("user-agent")
                    return Response("An account")
            """,
            "content/index+ssr.py": """
                from isrgen import Response
                from _lib.who import local
                cache = "hourly"
                def loader():
                    return Response("small" if getattr(local, "phone", False) else "large")
            """,
        },
        leaks=True,
    )
    told = leak(report)
    assert told.startswith(
        "content/account+ssr.py:4: / is kept for everyone and is not the same for everyone."
    )
    assert "-large\n  +small" in told


def test_the_environment_is_looked_at_and_left_as_it_was(check_site: Check) -> None:
    before = dict(os.environ)
    report = check_site(
        {
            "content/account+ssr.py": """
                import os
                from isrgen import Response
                def loader(request):
                    os.environ["CHECKED_TENANT"] = request.headers.get("x-company", "none")
                    return Response("An account")
            """,
            "content/index+ssr.py": """
                import os
                from isrgen import Response
                cache = "hourly"
                def loader():
                    return Response("Tenant " + os.environ.get("CHECKED_TENANT", "none"))
            """,
        },
        leaks=True,
    )
    assert "It is remembered by `os.environ['CHECKED_TENANT']`." in leak(report)
    assert dict(os.environ) == before


def test_what_is_taken_past_the_recorder_is_caught_and_its_line_named(check_site: Check) -> None:
    report = check_site(
        {
            "content/index+ssr.py": """
                from isrgen import Response
                cache = "hourly"
                def loader(request):
                    known = dict(request._cookies._items)
                    return Response("Hello " + known.get("session", "guest"))
            """
        },
        leaks=True,
    )
    told = leak(report)
    assert told.startswith("content/index+ssr.py:4: / is kept for everyone and holds what user A sent")
    assert "No read of it was recorded; these lines take it past the recorder: `_cookies`" in told


def test_a_global_that_holds_only_between_two_awaits_is_caught(check_site: Check) -> None:
    report = check_site(
        {
            "content/index+ssr.py": """
                import asyncio
                from isrgen import Response
                cache = {"s-maxage": "1h", "bypass-cookies": ["session"]}
                current = "guest"
                async def loader(request):
                    global current
                    current = request.cookies.get("session", "guest")
                    await asyncio.sleep(0.02)
                    return Response("Hello " + current)
            """
        },
        leaks=True,
    )
    told = leak(report)
    assert told.startswith("content/index+ssr.py:7: / is kept for everyone and holds what user ")
    assert "+++ an anonymous visitor, beside " in told


def test_a_page_that_shows_one_visitor_to_another_is_caught_although_nothing_keeps_it(
    check_site: Check,
) -> None:
    report = check_site(
        {
            "content/index+ssr.py": """
                from isrgen import Response
                first = []
                def loader(request):
                    first.append(request.cookies.get("session", "guest"))
                    return Response("Hello " + first[0])
            """
        },
        leaks=True,
    )
    told = leak(report)
    assert "/ shows an anonymous visitor what user A sent: the cookie `session`." in told
    assert "content/index+ssr.py:4 read it, for user A at /." in told
    assert "It is remembered by `first` (content/index+ssr.py:2)." in told


def test_a_template_whose_global_is_filled_by_another_page_is_caught(check_site: Check) -> None:
    report = check_site(
        {
            "content/_lib/who.py": "seen = []\n",
            "content/account+ssr.html": "{{ request.cookies.theme }}{{ note(request.cookies.theme) }}",
            "content/account+ssr.py": """
                from _lib.who import seen
                def loader():
                    return {"note": lambda value: seen.append(value) or ""}
            """,
            "content/index+ssr.html": "---\ncache: hourly\n---\n{% for one in seen %}{{ one }} {% endfor %}",
            "content/index+ssr.py": """
                from _lib.who import seen
                def loader():
                    return {"seen": [one for one in seen if one]}
            """,
        },
        leaks=True,
    )
    told = leak(report)
    assert told.startswith("content/account+ssr.html:1: / is kept for everyone and holds what user A sent")


def test_a_page_that_shows_the_time_is_compared_in_everything_else(check_site: Check) -> None:
    page = """
        import time
        from isrgen import Response
        from _lib.who import current
        cache = "hourly"
        def loader():
            return Response(f"<p>At {time.time_ns()} for {len(current)} users</p>")
    """
    quiet = check_site({"content/_lib/who.py": "current = []\n", "content/index+ssr.py": page}, leaks=True)
    assert quiet.problems == []
    assert quiet.warnings == []
    assert [one.message for one in quiet.unchecked] == ["/: what differs by itself."]
    loud = check_site(
        {
            "content/account+ssr.py": """
                from isrgen import Response
                from _lib.who import current
                def loader(request):
                    current[:] = [1] if request.cookies.get("session") else []
                    return Response("An account")
            """
        },
        leaks=True,
    )
    assert "is not the same for everyone" in leak(loud)


def test_a_page_that_is_made_of_chance_cannot_be_compared_and_is_searched(check_site: Check) -> None:
    page = """
        import itertools
        from isrgen import Response
        cache = "hourly"
        count = itertools.count(1)
        def loader():
            return Response("word " * next(count) + "{}")
    """
    files = {"content/index+ssr.py": page.replace("{}", "")}
    report = check_site(files, leaks=True)
    assert report.problems == []
    assert [one.message for one in report.warnings] == [
        "/ cannot be compared: it is not the same twice for one and the same visitor."
    ]
    files["isrgen.toml"] = "strict = true\n"
    assert [one.message for one in check_site(files, leaks=True).problems] == [report.warnings[0].message]


def test_a_page_that_a_read_makes_private_is_told_with_its_line_and_the_mend(check_site: Check) -> None:
    files = {
        "content/index+ssr.py": """
            from isrgen import Response
            cache = "hourly"
            def loader(request):
                return Response(request.cookies.get("theme", "light"))
        """
    }
    report = check_site(files, leaks=True)
    assert report.problems == []
    (warning,) = report.warnings
    assert (warning.where, warning.message) == (
        "content/index+ssr.py:4",
        "This reads the cookie `theme`, so the response is private although it asks to be shared.",
    )
    assert "bypass-cookies: [theme]" in warning.hint
    files["isrgen.toml"] = "strict = true\n"
    assert check_site(files, leaks=True).problems == [warning]


def test_variants_by_language_listed_headers_and_parameters_are_no_leaks(check_site: Check) -> None:
    report = check_site(
        {
            "content/index+ssr.py": """
                from isrgen import Response
                cache = {"s-maxage": "1h", "vary": ["X-Company", "User-Agent"], "query": ["page", "q"]}
                def loader(request):
                    said = [request.headers.get(n, "") for n in ("accept-language", "x-company")]
                    said.append(request.headers.get("user-agent"))
                    return Response(f"{said} {request.query.get('page', '1')} {request.url}")
            """
        },
        leaks=True,
    )
    assert report.problems == []
    assert report.warnings == []


def test_a_variant_that_ignores_what_it_varies_on_leaks_all_the_same(check_site: Check) -> None:
    report = check_site(
        {
            "content/index+ssr.py": """
                from isrgen import Response
                cache = {"s-maxage": "1h", "vary": ["X-Company"]}
                first = []
                def loader(request):
                    first.append(request.headers.get("x-company", "nobody"))
                    return Response(first[0])
            """
        },
        leaks=True,
    )
    assert "holds what user A sent: the header `x-company`" in leak(report)


def test_a_response_that_an_on_demand_page_shares_of_its_own_accord_is_compared(check_site: Check) -> None:
    report = check_site(
        {
            "content/_lib/who.py": "current = []\n",
            "content/account+ssr.py": """
                from isrgen import Response
                from _lib.who import current
                def loader(request):
                    current[:] = [request.cookies.get("session", "")]
                    return Response("An account")
            """,
            "content/index+ssr.py": """
                from isrgen import Response, set_response_headers
                from _lib.who import current
                def loader():
                    set_response_headers({"Cache-Control": "public, s-maxage=60"})
                    return Response(f"Hello {current}")
            """,
        },
        leaks=True,
    )
    assert leak(report).startswith("content/account+ssr.py:4: / is kept for everyone")


def test_a_shared_header_that_differs_is_a_leak_too(check_site: Check) -> None:
    report = check_site(
        {
            "content/index+ssr.py": """
                from isrgen import Response
                cache = {"s-maxage": "1h", "bypass-cookies": ["session"]}
                last = ["none"]
                def loader(request):
                    was, last[0] = last[0], request.cookies.get("session", "none")
                    return Response("Hello", headers={"X-Last": was})
            """
        },
        leaks=True,
    )
    told = leak(report)
    assert "-x-last: none" in told
    assert "+x-last: isrgen-check-a-session" in told


def test_pages_of_a_pattern_are_found_by_params_links_and_paths_and_else_named(check_site: Check) -> None:
    page = """
        from isrgen import Response
        cache = "hourly"
        def loader(params):
            return Response(params["slug"])
    """
    files = {
        "content/index.md": "[One](/linked/one/)\n",
        "content/listed/[slug]+ssr.py": f"{page}\n        def static_params():\n"
        '            return [{"slug": "a"}, {"slug": "b"}]\n',
        "content/linked/[slug]+ssr.py": page,
        "content/named/[slug]+ssr.py": page,
        "content/unknown/[slug]+ssr.py": page,
        "templates/page.html": "{{ content }}",
    }
    report = check_site(files, leaks=True, paths=("/named/x/",))
    assert report.leaks is not None
    assert (report.leaks.routes, report.leaks.pages) == (3, 4)
    assert [str(one) for one in report.unchecked] == [
        "content/unknown/[slug]+ssr.py: /unknown/[slug]/: no page of it is known.\n"
        "  Name one as `--path /unknown/[slug]/`, its parameters filled in, or list some in `static_params`."
    ]


def test_of_very_many_pages_of_one_route_the_first_are_compared_and_the_others_counted(
    check_site: Check,
) -> None:
    report = check_site(
        {
            "content/[slug]+ssr.py": """
                from isrgen import Response
                cache = "hourly"
                def loader(params):
                    return Response(params["slug"])
                def static_params():
                    return [{"slug": f"p{number}"} for number in range(25)]
            """
        },
        leaks=True,
    )
    assert report.leaks is not None
    assert report.leaks.pages == 20
    assert [one.message for one in report.unchecked] == ["/[slug]/: 5 of its pages, after the first 20."]


def test_a_page_that_fails_for_a_user_alone_is_told(check_site: Check) -> None:
    report = check_site(
        {
            "content/index+ssr.py": """
                from isrgen import Response
                def loader(request):
                    return Response(str(int(request.cookies.get("session", "1"))))
            """
        },
        leaks=True,
    )
    assert report.problems == []
    (warning,) = report.warnings
    assert warning.where == "content/index+ssr.py:3"
    assert warning.message.startswith("The loader raised ValueError: invalid literal for int()")
    assert "It was /, asked for by user A." in warning.hint


def test_a_page_that_streams_for_one_visitor_is_not_waited_for(check_site: Check) -> None:
    report = check_site(
        {
            "content/events+ssr.py": """
                import asyncio
                from isrgen import Response
                async def loader():
                    async def forever():
                        while True:
                            yield "data: x\\n\\n"
                            await asyncio.sleep(0.005)
                    return Response(forever(), headers={"Content-Type": "text/event-stream"})
            """
        },
        leaks=True,
    )
    assert (report.problems, report.warnings) == ([], [])


@pytest.mark.parametrize("starter", ["blog", "docs", "minimal"])
def test_a_starter_has_no_broken_links_and_no_leaks(starter: str, tmp_path: Path) -> None:
    import shutil

    site = tmp_path / "site"
    shutil.copytree(STARTERS / starter, site)
    report = check_folder(site, tmp_path / "built", leaks=True)
    assert (report.problems, report.warnings, report.unchecked) == ([], [], [])


def test_the_guides_site_has_no_leaks(tmp_path: Path) -> None:
    import shutil

    site = tmp_path / "site"
    shutil.copytree(SITES / "guide", site)
    report = check_folder(site, tmp_path / "built", leaks=True, paths=("/blog/my-post/", "/articles/b/"))
    assert report.problems == []
    assert report.leaks is not None
    assert report.leaks.routes == 6
    assert [warning.where for warning in report.warnings] == ["content/dashboard+ssr.py:6"]
