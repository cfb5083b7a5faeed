def loader(slug):
    return {}
