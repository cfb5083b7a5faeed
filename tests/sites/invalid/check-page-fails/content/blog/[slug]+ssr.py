from isrgen import Response, not_found

POSTS = {"tea": "Tea", "coffee": None}


def loader(params):
    if params["slug"] not in POSTS:
        raise not_found()
    return Response("<p>" + POSTS[params["slug"]] + "</p>")
