"""Every post as CSV, streamed a row at a time: the whole of it is never in memory."""

import csv
import io
from dataclasses import astuple, fields

from _lib.posts import Post, all_posts
from isrgen import Response


def GET():
    return Response(
        _rows(),
        headers={
            "Content-Type": "text/csv; charset=utf-8",
            "Content-Disposition": 'attachment; filename="posts.csv"',
        },
    )


def _rows():
    yield _line([field.name for field in fields(Post)])
    for post in all_posts():
        yield _line(astuple(post))


def _line(values):
    line = io.StringIO()
    csv.writer(line).writerow(values)
    return line.getvalue()
