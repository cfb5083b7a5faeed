def loader(:
    return {}
