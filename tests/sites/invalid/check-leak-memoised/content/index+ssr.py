from contextvars import ContextVar
from functools import lru_cache

from isrgen import Response

cache = {"s-maxage": "1h", "bypass-cookies": ["session"]}
user = ContextVar("user", default="")


@lru_cache
def menu():
    return "Log out" if user.get() else "Log in"


def loader(request):
    user.set(request.cookies.get("session", ""))
    return Response(f"<nav>{menu()}</nav>")
