MINUTES = 5
cache = {"s-maxage": MINUTES * 60}


def GET():
    return ""
