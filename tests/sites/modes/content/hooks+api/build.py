def POST():
    return {"ok": True}
