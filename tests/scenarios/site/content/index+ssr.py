from _lib.control import render

cache = {"query": ["page"], "vary": ["Accept-Language"], "bypass-cookies": ["session"]}


async def loader(request):
    return await render(request)
