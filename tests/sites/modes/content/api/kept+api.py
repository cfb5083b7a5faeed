cache = {"s-maxage": "5m", "query": ["page"]}


def GET(request):
    return {"page": request.query.get("page", "1")}
