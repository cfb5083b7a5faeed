from _lib.who import Current
from isrgen import Response


def loader(request):
    Current.name = request.cookies.get("session", "guest")
    return Response("An account")
