from _lib.control import render


async def GET(request):  # noqa: N802
    return await render(request)


async def POST(request):  # noqa: N802
    return await render(request)
