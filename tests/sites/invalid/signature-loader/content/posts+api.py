def GET(self, request, *, limit=3):
    return {}
