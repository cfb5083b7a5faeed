from _lib.control import render


async def GET(request):
    return await render(request)


async def POST(request):
    return await render(request)
