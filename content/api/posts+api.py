"""The posts as JSON, and a way to add one."""

import hmac
import os
from dataclasses import asdict

from _lib.drafts import parse_post
from _lib.posts import TakenError, add_post, all_posts
from isrgen import Response, cache_tag, revalidate_path, revalidate_tag


def GET():
    cache_tag("posts")
    return Response(
        [asdict(post) for post in all_posts()],
        headers={
            "Content-Type": "application/json",
            "Cache-Control": "public, s-maxage=300, stale-while-revalidate=3600",
        },
    )


async def POST(request):
    if refusal := _refusal(request):
        return refusal
    try:
        data = await request.json()
    except ValueError:
        return Response({"error": "the body is not JSON"}, status=400)
    post, problems = parse_post(data)
    if post is None:
        return Response({"error": "this is not a post", "problems": problems}, status=422)
    try:
        add_post(post)
    except TakenError:
        return Response({"error": f"there is a post called {post.slug} already"}, status=409)
    revalidate_tag("posts")
    revalidate_path(f"/blog/{post.slug}/")
    return Response(asdict(post), status=201, headers={"Location": f"/blog/{post.slug}/"})


def _refusal(request):
    """Why this request may not write, or None when it may."""
    token = os.environ.get("ISRGEN_TOKEN", "")
    if not token:
        return Response(
            {"error": "posts cannot be added here: start the server with ISRGEN_TOKEN set"}, status=503
        )
    given = request.headers.get("Authorization", "")
    if not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        return Response(
            {"error": "send the header Authorization: Bearer TOKEN"},
            status=401,
            headers={"WWW-Authenticate": "Bearer"},
        )
    return None
