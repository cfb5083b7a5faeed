from _lib.tea import brew


def loader():
    return {"tea": brew()}
