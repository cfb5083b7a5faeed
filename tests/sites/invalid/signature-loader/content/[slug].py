def static_params(params):
    return []
