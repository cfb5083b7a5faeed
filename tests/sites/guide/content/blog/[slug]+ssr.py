from _lib.posts import get_post
from isrgen import Response, set_response_headers


async def loader(params):
    post = await get_post(params["slug"])
    if not post:
        raise Response("Not Found", status=404)
    # Cache for 1 hour, serve stale for up to 1 week
    set_response_headers(
        lambda headers: headers.set("Cache-Control", "public, s-maxage=3600, stale-while-revalidate=604800")
    )
    return {"post": post}
