static_pages = "unguarded"


async def middleware(request):
    return None
