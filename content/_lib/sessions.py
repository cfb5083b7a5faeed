"""Sessions for the dashboard: a random token in the browser, its digest in the database."""

import hashlib
import secrets
from datetime import UTC, datetime, timedelta

from _lib.database import connect

LASTS = timedelta(hours=1)
_MOST = 1000


def sign_in(user: str) -> str:
    """Begin a session and give its token; old sessions, and too many, make room."""
    token = secrets.token_urlsafe(24)
    now = datetime.now(UTC)
    with connect() as database:
        database.execute("delete from sessions where created < ?", [(now - LASTS).isoformat()])
        database.execute(
            "delete from sessions where token in"
            " (select token from sessions order by created desc limit -1 offset ?)",
            [_MOST - 1],
        )
        database.execute("insert into sessions values (?, ?, ?)", [_digest(token), user, now.isoformat()])
    return token


def get_user(token: str) -> str | None:
    """Whose session this is, while it lasts."""
    oldest = (datetime.now(UTC) - LASTS).isoformat()
    with connect() as database:
        row = database.execute(
            "select user from sessions where token = ? and created >= ?", [_digest(token), oldest]
        ).fetchone()
    return row["user"] if row else None


def sign_out(token: str) -> None:
    with connect() as database:
        database.execute("delete from sessions where token = ?", [_digest(token)])


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
