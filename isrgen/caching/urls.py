"""The key of a response that some origin sent: its URL, spelt in the one way that is certain.

Two spellings become one only where RFC 3986 section 6.2.2 says that they mean
the same to everybody: the host in lower case, no default port, escapes in
upper case, and no escapes of what needs none. Everything else is for the
origin to judge: ``%2F`` is no slash, ``a=1&b=2`` is not ``b=2&a=1``, and
``/a/../b`` is not ``/b``.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urljoin, urlsplit

from isrgen.caching.keys import MAX_KEY

_ESCAPE: Final = re.compile(r"%([0-9A-Fa-f]{2})")
_STRAY: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_UNRESERVED: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "PROPFIND", "QUERY", "REPORT", "SEARCH", "TRACE"})
"""Registered methods that change nothing; any other, known or not, may have."""

_DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}


def url_key(scheme: str, host: str, target: str) -> str:
    """The key of a request, or "" for one whose response is not kept under any.

    >>> url_key("http", "Example.ORG:80", "/%7euser/a%2fb?x=%C3%a9&y")
    'http://example.org/~user/a%2Fb?x=%C3%A9&y'
    >>> url_key("http", "example.org", "*")
    ''
    """
    if not target.startswith("/"):
        return ""
    authority = host.lower().removesuffix(_DEFAULT_PORTS.get(scheme.lower(), "\0"))
    # What is no URL is left as it is: "%%41f" would become an escape that nobody wrote.
    spelled = target if _STRAY.search(target) else _ESCAPE.sub(_spelled, target)
    key = f"{scheme.lower()}://{authority}{spelled}"
    return key if len(key) <= MAX_KEY else ""


def split_key(key: str) -> tuple[str, str, str] | None:
    """Scheme, authority and target that a key stands for; None for the key of a site's page.

    >>> split_key("http://example.org//a?b#c")
    ('http', 'example.org', '//a?b#c')
    """
    scheme, mark, rest = key.partition("://")
    authority, slash, target = rest.partition("/")
    return (scheme, authority, slash + target) if mark and slash and "/" not in scheme else None


def key_of(url: str) -> str:
    """The key of a whole URL as people write it, or "" for what is none.

    >>> key_of("https://Example.org?a=1#top")
    'https://example.org/?a=1'
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    if parts.scheme not in _DEFAULT_PORTS or not parts.netloc:
        return ""
    target = parts.path or "/"
    return url_key(parts.scheme, parts.netloc, f"{target}?{parts.query}" if parts.query else target)


def changes_state(method: str, status: int) -> bool:
    """Whether what is stored for the target is invalid after this answer (RFC 9111 section 4.4).

    >>> changes_state("POST", 303), changes_state("FROBNICATE", 200), changes_state("PUT", 500)
    (True, True, False)
    """
    return method not in _SAFE_METHODS and 200 <= status < 400


def also_changed(key: str, references: tuple[str, ...]) -> tuple[str, ...]:
    """The keys that ``Location`` and ``Content-Location`` name, of the same origin (RFC 9111 section 4.4).

    >>> also_changed("http://a/b/c", ("d", "http://other/x", "/e?f"))
    ('http://a/b/d', 'http://a/e?f')
    """
    found = []
    for reference in references:
        try:
            other = key_of(urljoin(key, reference))
        except ValueError:
            continue
        if other and _origin(other) == _origin(key) and other != key:
            found.append(other)
    return tuple(dict.fromkeys(found))


def told(key: str) -> str:
    """A key as a log may tell it: the query of a URL may hold what is not for logs; a site lists its own.

    >>> told("https://a/reset?token=x"), told("/blog/?page=2")
    ('https://a/reset', '/blog/?page=2')
    """
    return key if key.startswith("/") else key.partition("?")[0]


def _origin(key: str) -> tuple[str, str]:
    scheme, _, rest = key.partition("://")
    return scheme, rest.partition("/")[0]


def _spelled(found: re.Match[str]) -> str:
    character = chr(int(found[1], 16))
    return character if character in _UNRESERVED else found[0].upper()
