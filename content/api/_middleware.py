"""Around every API route: nothing is changed from other sites, and search engines stay away.

A browser says where a request comes from. One that says "another site" and
would change something is refused; a program that says nothing is no browser,
and has no cookies that could be abused.
"""

from isrgen import Response


def middleware(request, next):
    if request.method not in ("GET", "HEAD", "OPTIONS") and not _same_origin(request):
        return Response({"error": "this request comes from another site"}, status=403)
    response = next(request)
    response.headers.set("X-Robots-Tag", "noindex")
    return response


def _same_origin(request):
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin is None or origin.partition("://")[2] == request.headers.get("Host")
