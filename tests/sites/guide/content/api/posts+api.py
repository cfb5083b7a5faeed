import json

from _lib.posts import fetch_posts
from isrgen import Response


async def GET():
    posts = await fetch_posts()
    return Response(
        json.dumps(posts),
        headers={
            "Content-Type": "application/json",
            "Cache-Control": "public, s-maxage=300, stale-while-revalidate=3600",
        },
    )
