from _lib.control import render

cache = {"query": ["page"], "vary": ["Accept-Language"], "bypass-cookies": ["session"]}


async def loader(request, params):
    return await render(request, params)
