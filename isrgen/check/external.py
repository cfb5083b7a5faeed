"""Links to other sites, each asked for once.

HEAD, then GET where HEAD was not liked: many servers answer only the one. What
cannot be reached is told as such, for it says nothing about the link.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from http.client import HTTPException, HTTPMessage
from typing import IO, Final
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, ProxyHandler, Request, build_opener

_AT_ONCE: Final = 8
_AGENT: Final = "Mozilla/5.0 (compatible; isrgen check)"
_SAFE: Final = "%/:=&?~#+!$,;'@()*[]-._"
_REFUSED: Final = frozenset({401, 403, 407, 418, 429, 451, 503, 999})
"""A server that lets in browsers, or people it knows, and not us: nothing can be said of the page."""


class Fate(Enum):
    """What is known of a link."""

    THERE = "there"
    GONE = "gone"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Reply:
    """``why`` says in words why it is not simply there."""

    url: str
    fate: Fate
    why: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds for one request, and for all together."""

    each: float = 15.0
    all: float = 300.0


class _Redirects(HTTPRedirectHandler):
    """Follows with the method that it asked with: the standard library turns a HEAD into a GET."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        following = super().redirect_request(req, fp, code, msg, headers, newurl)
        if following is not None and req.get_method() == "HEAD":
            following.method = "HEAD"
        return following


def ask_all(
    urls: Iterable[str],
    *,
    proxies: Mapping[str, str],
    limits: Limits = Limits(),
    report: Callable[[str], None] = lambda step: None,
) -> list[Reply]:
    """What became of each URL, in their order; ``proxies`` are as ``urllib`` has them."""
    opener = build_opener(ProxyHandler(dict(proxies)), _Redirects())
    until = time.monotonic() + limits.all
    wanted = list(dict.fromkeys(urls))

    def one(url: str) -> Reply:
        left = until - time.monotonic()
        if left <= 0:
            return Reply(url, Fate.UNKNOWN, "there was no time left to ask")
        report(f"Asking {urlsplit(url).netloc}")
        return _ask(opener, url, min(limits.each, left))

    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="isrgen-check") as pool:
        return list(pool.map(one, wanted))


def _ask(opener: OpenerDirector, url: str, seconds: float) -> Reply:
    status = _status(opener, url, "HEAD", seconds)
    if not isinstance(status, int) or status >= 400:
        status = _status(opener, url, "GET", seconds)
    if isinstance(status, str):
        return Reply(url, Fate.UNKNOWN, status)
    if status in _REFUSED:
        return Reply(url, Fate.UNKNOWN, f"it is answered with {status}, perhaps to us alone")
    return Reply(url, Fate.GONE if status >= 400 else Fate.THERE, f"it is answered with {status}")


def _status(opener: OpenerDirector, url: str, method: str, seconds: float) -> int | str:
    """The status at the end of all redirects, or why there is none."""
    request = Request(  # noqa: S310  (only http and https come here)
        quote(url, safe=_SAFE), method=method, headers={"User-Agent": _AGENT, "Accept": "*/*"}
    )
    try:
        with opener.open(request, timeout=seconds) as response:
            return int(response.status)
    except HTTPError as error:
        error.close()
        return error.code
    except TimeoutError:
        return f"there was no answer within {seconds:.0f} s"
    except URLError as error:
        if isinstance(error.reason, TimeoutError):
            return f"there was no answer within {seconds:.0f} s"
        return _plain(error.reason)
    except (OSError, HTTPException, ValueError) as error:
        return _plain(error)


def _plain(reason: object) -> str:
    said = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
    return str(said)
