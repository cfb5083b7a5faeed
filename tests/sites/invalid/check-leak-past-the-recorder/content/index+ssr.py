from isrgen import Response

cache = "hourly"


def loader(request):
    return Response(f"<p>From {request._client}</p>")
