def loader(params):
    return {"post": params["slug"]}
