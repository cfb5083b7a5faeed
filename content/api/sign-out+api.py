"""Ends a session, here and in the browser."""

from _lib.sessions import sign_out
from isrgen import Response


def POST(request):
    if session := request.cookies.get("session"):
        sign_out(session)
    cookie = "session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"
    return Response(status=303, headers={"Location": "/dashboard/", "Set-Cookie": cookie})
