from isrgen import not_found


def loader(params, site):
    posts = site.taxonomies["tags"].get(params["tag"])
    if not posts:
        raise not_found()
    return {"tag": params["tag"], "posts": posts}
