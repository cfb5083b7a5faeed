def get():
    return []
