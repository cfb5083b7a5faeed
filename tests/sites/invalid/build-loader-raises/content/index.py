def loader():
    return {"answer": 1 / 0}
