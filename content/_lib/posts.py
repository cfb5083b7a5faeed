"""Posts, as the pages and the API see them."""

from dataclasses import asdict, dataclass
from sqlite3 import IntegrityError
from textwrap import dedent

from _lib.database import connect


@dataclass(frozen=True)
class Post:
    slug: str
    title: str
    date: str
    tag: str
    summary: str
    body: str

    @property
    def blocks(self) -> list[tuple[str, str]]:
        """The body in order, each part with its element: ``p``, or ``pre`` for indented lines."""
        parts = [part.strip("\n") for part in self.body.split("\n\n") if part.strip()]
        return [("pre", dedent(part)) if part.startswith("    ") else ("p", part) for part in parts]


class TakenError(Exception):
    """There is a post with this slug already."""


def all_posts(tag: str | None = None) -> list[Post]:
    """The newest first; with ``tag``, only the posts that carry it."""
    with connect() as database:
        rows = database.execute(
            "select * from posts where :tag is null or tag = :tag order by date desc, slug", {"tag": tag}
        )
        return [Post(**row) for row in rows]


def all_tags() -> list[str]:
    with connect() as database:
        return [row["tag"] for row in database.execute("select distinct tag from posts order by tag")]


def get_post(slug: str) -> Post | None:
    with connect() as database:
        row = database.execute("select * from posts where slug = ?", [slug]).fetchone()
    return Post(**row) if row else None


def add_post(post: Post) -> None:
    """Keep a new post; raises TakenError when its slug is in use."""
    try:
        with connect() as database:
            database.execute(
                "insert into posts (slug, title, date, tag, summary, body)"
                " values (:slug, :title, :date, :tag, :summary, :body)",
                asdict(post),
            )
    except IntegrityError as error:
        raise TakenError(post.slug) from error
