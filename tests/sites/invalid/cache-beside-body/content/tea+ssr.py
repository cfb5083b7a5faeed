cache = "hourly"


def loader():
    return {}
