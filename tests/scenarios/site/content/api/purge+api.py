from isrgen import Response, revalidate_path, revalidate_tag


async def POST(request):  # noqa: N802
    wanted = await request.json()
    {"tag": revalidate_tag, "path": revalidate_path}[wanted["kind"]](wanted["name"], hard=wanted["hard"])
    return Response("", status=204)
