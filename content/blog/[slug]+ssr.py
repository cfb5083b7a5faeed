"""One post. Its lifetime is declared beside it, so that a platform knows it before the first visit."""

from _lib.posts import get_post
from isrgen import not_found


def loader(params):
    post = get_post(params["slug"])
    if post is None:
        raise not_found(f"There is no post called {params['slug']}.")
    return {"post": post}
