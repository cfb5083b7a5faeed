"""Begins a session: the form on the dashboard posts here."""

from _lib.sessions import LASTS, sign_in
from isrgen import Response


async def POST(request):
    try:
        user = str((await request.form()).get("user", "")).strip()
    except ValueError as error:
        return Response({"error": str(error)}, status=400)
    if not 1 <= len(user) <= 40:
        return Response({"error": "send a name of 1 to 40 characters as user"}, status=422)
    secure = "; Secure" if request.url.startswith("https:") else ""
    cookie = f"session={sign_in(user)}; Path=/; Max-Age={LASTS.seconds}; HttpOnly; SameSite=Lax{secure}"
    return Response(status=303, headers={"Location": "/dashboard/", "Set-Cookie": cookie})
