def POST(request):
    return {"ok": True}
