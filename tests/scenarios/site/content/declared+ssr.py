from _lib.control import render

cache = {"s-maxage": 4, "stale-while-revalidate": 30, "bypass-cookies": ["session"]}


async def loader(request):
    return await render(request)
