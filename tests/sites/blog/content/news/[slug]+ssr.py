from _lib.news import NEWS

from isrgen import Response


def static_params():
    return [{"slug": slug} for slug in NEWS]


def loader(params):
    news = NEWS.get(params["slug"])
    if news is None:
        raise Response("Not Found", status=404)
    return {"news": news}
