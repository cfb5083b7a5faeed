def static_params():
    return [{"slug": "tea"}, {"name": "coffee"}]
