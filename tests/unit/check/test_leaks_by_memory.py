"""Functions and context variables that remember a visitor, and others that do not."""

from __future__ import annotations

from .conftest import Check, leak

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
    "content/account+ssr.py": "from isrgen import Response\ndef loader():\n    return Response('An account')",
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
