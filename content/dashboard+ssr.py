"""Shared for visitors, private for whoever is signed in.

The lifetime is set while the page renders. What makes that safe is
`bypass-cookies: [session]` in the front matter: without it the first read of
a cookie below would make every answer private.
"""

from _lib.clock import now
from _lib.sessions import get_user
from isrgen import set_response_headers


def loader(request):
    session = request.cookies.get("session")
    if session:
        set_response_headers({"Cache-Control": "private, no-store"})
        return {"user": get_user(session), "rendered": now()}
    set_response_headers({"Cache-Control": "public, s-maxage=3600, stale-while-revalidate=86400"})
    return {"user": None, "rendered": now()}
