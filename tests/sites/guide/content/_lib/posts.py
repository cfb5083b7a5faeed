"""The data that the guide's samples read; the numbers show how often each was asked."""

from itertools import count

_asked = count(1)


async def get_post(slug):
    if slug != "my-post":
        return None
    return {"title": "My post", "date": "2026-03-01", "content": f"Rendered {next(_asked)} times"}


async def fetch_post(slug):
    return {"content": f"{slug}, rendered {next(_asked)} times"}


async def fetch_posts():
    return [{"slug": "my-post", "asked": next(_asked)}]


async def get_user(cookies):
    return cookies.partition("session=")[2].partition(";")[0]
