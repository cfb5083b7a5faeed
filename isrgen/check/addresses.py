"""Where a reference points: into the site, to another one, or to nothing that could be looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urljoin, urlsplit

_NOWHERE: Final = "http://site.invalid"


@dataclass(frozen=True, slots=True)
class Address:
    """``path`` is the percent-encoded path on the site, below ``base_url``'s own; empty for other sites.

    ``url`` is absolute and has no fragment.
    """

    url: str
    path: str = ""
    query: str = ""
    fragment: str = ""

    @property
    def is_internal(self) -> bool:
        return bool(self.path)


class Addresses:
    """Resolves references as a browser does."""

    def __init__(self, base_url: str) -> None:
        parts = urlsplit(base_url or _NOWHERE)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._base = parts.path.rstrip("/")

    def resolve(self, page: str, target: str, base: str = "") -> Address | None:
        """Where ``target`` leads from the page with this URL path; None for mail, data and the like.

        >>> Addresses("https://a.example/docs").resolve("/b/", "../c.png?x#y")
        Address(url='https://a.example/docs/c.png?x', path='/c.png', query='x', fragment='y')
        """
        here = self._origin + self._base + page
        try:
            absolute = urljoin(urljoin(here, base), target)
            parts = urlsplit(absolute)
        except ValueError:
            return Address(target, "")
        if parts.scheme not in ("http", "https"):
            return None
        url = absolute.partition("#")[0]
        fragment = unquote(parts.fragment).partition(":~:")[0]
        path = parts.path or "/"
        mine = f"{parts.scheme}://{parts.netloc}".lower() == self._origin.lower()
        if not mine or not f"{path}/".startswith(f"{self._base}/"):
            return Address(url, "", parts.query, fragment)
        return Address(url, path[len(self._base) :] or "/", parts.query, fragment)
