"""What may become a post: everything that is wrong with it is said at once."""

import re
from datetime import UTC, datetime

from _lib.posts import Post

_LONGEST = {"title": 120, "tag": 30, "summary": 300, "body": 20_000}


def parse_post(data: object) -> tuple[Post | None, list[str]]:
    """The post in a JSON document, or the reasons why there is none."""
    if not isinstance(data, dict):
        return None, ["send a JSON object with title, body and, if you like, slug, tag and summary"]
    fields = {name: data.get(name, "") for name in _LONGEST}
    problems = [f"{name} is not a string" for name, value in fields.items() if not isinstance(value, str)]
    if problems:
        return None, problems
    fields = {name: value.strip("\n") if name == "body" else value.strip() for name, value in fields.items()}
    slug = data.get("slug") or slugify(fields["title"])
    problems = [f"{name} is missing" for name in ("title", "body") if not fields[name].strip()]
    problems += [
        f"{name} has more than {most} characters"
        for name, most in _LONGEST.items()
        if len(fields[name]) > most
    ]
    if not isinstance(slug, str) or not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug) or len(slug) > 80:
        problems.append("slug is not made of small letters, digits and single hyphens")
    if problems:
        return None, problems
    fields["tag"] = slugify(fields["tag"]) or "notes"
    return Post(slug=slug, date=datetime.now(UTC).date().isoformat(), **fields), []


def slugify(text: str) -> str:
    """
    >>> slugify("Hello, World!")
    'hello-world'
    """
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:80].rstrip("-")
