from _lib.control import render


async def GET(request, params):  # noqa: N802
    return await render(request, params)


async def POST(request, params):  # noqa: N802
    return await render(request, params)
