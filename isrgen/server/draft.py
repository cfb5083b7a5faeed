"""Draft mode: a signed cookie, and the endpoint that sets it.

Who holds the cookie sees what is not out yet and goes past the cache both
ways. Its value is ``<expiry>.<HMAC-SHA256 of that>``: nobody can make one, or
make one last longer, without the secret.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import parse_qsl, quote

from isrgen.caching.fields import PRIVATE
from isrgen.caching.policy import DRAFT_COOKIE
from isrgen.routing.urls import SAFE, BadPathError, join, split_raw
from isrgen.server.message import Incoming, Outgoing, error_response

COOKIE: Final = DRAFT_COOKIE
LASTS: Final = 12 * 3600
"""Seconds."""

_VALUE: Final = re.compile(r"([0-9]{1,15})\.([0-9a-f]{64})", re.ASCII)
_UNFIT: Final = re.compile(r"[\x00-\x20\x7f-\x9f\\\u2028\u2029]")
_AFTER: Final = f"/%?{SAFE}"
_MOST_TRIED: Final = 4
"""Cookies of one name that are looked at; a browser sends one."""


class Drafts:
    """Issues and recognises the cookies of one secret."""

    def __init__(self, secret: str, clock: Callable[[], float]) -> None:
        self._secret = secret.strip().encode("utf-8", "surrogatepass")
        self._clock = clock
        if not self._secret:
            raise ValueError("an empty secret signs nothing")

    def issue(self) -> str:
        """The value of a cookie that holds from now on."""
        expiry = str(int(self._clock()) + LASTS)
        return f"{expiry}.{self._signature(expiry)}"

    def holds(self, cookies: str | None) -> bool:
        """Whether a ``Cookie`` header carries a cookie of ours that has not expired."""
        if not cookies or COOKIE not in cookies:
            return False
        return any(self._is_ours(value) for value in _values(cookies))

    def _is_ours(self, value: str) -> bool:
        found = _VALUE.fullmatch(value)
        if found is None:
            return False
        expiry, signature = found.groups()
        genuine = hmac.compare_digest(signature, self._signature(expiry))
        return genuine and self._clock() < int(expiry)

    def _signature(self, expiry: str) -> str:
        return hmac.digest(self._secret, f"{COOKIE}:{expiry}".encode(), "sha256").hex()


def drafts_of(token: str, secret: str, clock: Callable[[], float]) -> Drafts | None:
    """Draft mode, where both of its secrets are there."""
    return Drafts(secret, clock) if token.strip() and secret.strip() else None


def set_cookie(value: str, *, lasts: int, secure: bool) -> str:
    """The ``Set-Cookie`` for a value; one that lasts no time removes it."""
    ending = "; Secure" if secure else ""
    return f"{COOKIE}={value}; Path=/; Max-Age={lasts}; HttpOnly; SameSite=Lax{ending}"


def local(to: str) -> str | None:
    """A path of this site, as ``Location`` says it; None for whatever leads elsewhere.

    >>> local("/blog/café/?page=2"), local("//evil.example"), local("https://evil.example/")
    ('/blog/caf%C3%A9/?page=2', None, None)
    """
    if _UNFIT.search(to) or not to.startswith("/"):
        return None
    rest, hash_sign, fragment = to.partition("#")
    path, question, query = rest.partition("?")
    try:
        segments = split_raw(quote(path, safe=f"/%{SAFE}"))
        after = question + quote(query, safe=_AFTER) + hash_sign + quote(fragment, safe=_AFTER)
    except (BadPathError, UnicodeEncodeError):
        return None
    return join(segments, path.endswith("/")) + after


class DraftEndpoint:
    """``/_isrgen/draft?token=...&to=/path/``; with ``off=1`` it ends draft mode."""

    def __init__(self, drafts: Drafts, admits: Callable[[str], bool]) -> None:
        self._drafts = drafts
        self._admits = admits

    def answer(self, incoming: Incoming, *, secure: bool) -> Outgoing | None:
        """The redirect; None for a token that is wrong."""
        asked = dict(reversed(parse_qsl(incoming.query, keep_blank_values=True)))
        off = asked.get("off", "") not in ("", "0")
        # Who is in draft mode may leave it without the token: a link to do so can stand in a page.
        leaves = off and "token" not in asked and self._drafts.holds(incoming.get("cookie"))
        if not leaves and not self._admits(asked.get("token", "")):
            return None
        to = local(asked.get("to", "/"))
        if to is None:
            return error_response(400, message="`to` is not a path of this site.")
        value, lasts = ("", 0) if off else (self._drafts.issue(), LASTS)
        return Outgoing(
            302,
            [
                ("location", to),
                ("set-cookie", set_cookie(value, lasts=lasts, secure=secure)),
                ("cache-control", PRIVATE),
                # This page's address holds the token.
                ("referrer-policy", "no-referrer"),
            ],
        )


def _values(cookies: str) -> Iterator[str]:
    """The values of our cookie in a header, the first few."""
    found = 0
    for part in cookies.split(";"):
        name, _, value = part.strip().partition("=")
        if name == COOKIE:
            yield value.strip()
            found += 1
            if found == _MOST_TRIED:
                return
