from _lib.posts import fetch_post
from isrgen import set_response_headers


async def loader(params):
    # Set ISR cache headers
    set_response_headers(
        lambda headers: headers.set("Cache-Control", "public, s-maxage=3600, stale-while-revalidate=86400")
    )
    post = await fetch_post(params["slug"])
    return {"post": post}
