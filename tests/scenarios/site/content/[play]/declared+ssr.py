from _lib.control import render

cache = {"s-maxage": 4, "stale-while-revalidate": 30, "bypass-cookies": ["session"]}


async def loader(request, params):
    return await render(request, params)
