from isrgen import not_found


def loader(params):
    raise not_found("There is no such page.")
