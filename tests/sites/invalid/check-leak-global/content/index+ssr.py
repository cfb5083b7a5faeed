from _lib.who import Current


def loader():
    return {"name": Current.name}
