def loader():
    return {"page": 1}
