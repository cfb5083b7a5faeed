def get_post(slug)
    return None
