from _lib.posts import get_user
from isrgen import set_response_headers


async def loader(request):
    cookies = request.headers.get("Cookie") or ""
    is_authenticated = "session=" in cookies
    if is_authenticated:
        # Don't cache user-specific content
        set_response_headers(lambda headers: headers.set("Cache-Control", "private, no-store"))
        return {"user": await get_user(cookies)}
    # Cache the public version
    set_response_headers(
        lambda headers: headers.set("Cache-Control", "public, s-maxage=3600, stale-while-revalidate=86400")
    )
    return {"user": None}
