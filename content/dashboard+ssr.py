"""Shared for visitors, private for whoever is signed in.

There is no word about caching here. The front matter beside this file lists
the cookie: a request that carries it goes past the cache, and any other sees
no cookies at all. Without the list, the read below would make every answer
private.
"""

from _lib.clock import now
from _lib.sessions import get_user


def loader(request):
    session = request.cookies.get("session")
    return {"user": get_user(session) if session else None, "rendered": now()}
