def middleware(request, next):
    return next(request)
