"""Where a reference points: into the site, to another one, or to nothing that could be looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote, urljoin, urlsplit

_NOWHERE: Final = "http://site.invalid"
_SAFE: Final = "%/:?#[]@!$&'()*+,;=-._~|"
"""What a browser leaves as it is; anything else becomes UTF-8 with percent signs."""


@dataclass(frozen=True, slots=True)
class Address:
    """``path`` is the percent-encoded path on the site, below ``base_url``'s own; empty for other sites.

    ``url`` is absolute and has no fragment. ``leaves`` is set for a path that forgets the one of
    ``base_url``: the path with it.
    """

    url: str
    path: str = ""
    query: str = ""
    fragment: str = ""
    leaves: str = ""

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
        Address(url='https://a.example/docs/c.png?x', path='/c.png', query='x', fragment='y', leaves='')
        """
        here = self._origin + self._base + page
        try:
            absolute = quote(urljoin(urljoin(here, base), target), safe=_SAFE)
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
            is_path = mine and target.startswith("/") and not target.startswith("//")
            return Address(url, "", parts.query, fragment, self._base + target if is_path else "")
        return Address(url, path[len(self._base) :] or "/", parts.query, fragment)
