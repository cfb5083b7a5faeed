from _lib.clock import now


def loader():
    return {"rendered": now()}
