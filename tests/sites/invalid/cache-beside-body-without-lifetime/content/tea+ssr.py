cache = {"bypass-cookies": ["session"]}


def loader():
    return {}
