class Current:
    name = "guest"
