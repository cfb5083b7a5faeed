"""Sites that leak in ways that no recorder of reads can see."""

from __future__ import annotations

import os

from .conftest import Check, leak

ACCOUNT = """
    from isrgen import Response
    def loader():
        return Response("An account")
"""


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
