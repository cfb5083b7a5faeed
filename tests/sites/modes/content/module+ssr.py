title = "From a module"
template = "plain.html"
cache = "frequent"


def loader():
    return {}
