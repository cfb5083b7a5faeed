def loader():
    return 42
