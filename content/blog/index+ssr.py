"""The listing: `tag` is declared under `cache: query`, so each tag has a kept page of its own."""

from _lib.posts import all_posts, all_tags


def loader(request):
    tag = request.query.get("tag")
    return {"posts": all_posts(tag), "tags": all_tags(), "tag": tag}
