"""URL paths: split, judged, quoted, and given their one canonical form.

A path is decoded once, segment by segment; a segment that would leave the
site, or hold NUL or invalid UTF-8, makes the whole path bad.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final
from urllib.parse import quote, unquote_to_bytes

SAFE: Final = "-._~!$&'()*+,;=:@"
"""What stands in a segment as it is, besides letters and digits (RFC 3986 section 3.3)."""

_PLAIN: Final = re.compile(r"[-._~A-Za-z0-9]*")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_DOTS: Final = re.compile(r"(?:\A|[/\\])\.\.?(?:\Z|[/\\])")


class BadPathError(ValueError):
    """The path leaves the site, holds NUL or invalid UTF-8, or begins with ``//``."""


def split_raw(path: bytes | str) -> tuple[str, ...]:
    """Decoded segments of a raw (still percent-encoded) path.

    Raises BadPathError. An encoded slash or backslash stays inside its segment, so that
    no route can match it as a separator.

    >>> split_raw("/blog/caf%C3%A9/")
    ('blog', 'café')
    """
    raw = path.encode("latin-1", "replace") if isinstance(path, str) else path
    if not raw.startswith(b"/") or raw[1:2] in (b"/", b"\\") or raw[1:4].lower() == b"%5c":
        raise BadPathError("the path does not begin with a single slash")
    segments = []
    for part in raw.split(b"/")[1:]:
        try:
            segments.append(unquote_to_bytes(part).decode("utf-8"))
        except UnicodeDecodeError as error:
            raise BadPathError("the path is not UTF-8") from error
    return _checked(segments)


def split_decoded(path: str) -> tuple[str, ...]:
    """Segments of a path that a server has decoded already (and maybe lossily).

    Raises BadPathError, also for U+FFFD: it stands for bytes that were not UTF-8.
    """
    if "\ufffd" in path:
        raise BadPathError("the path is not UTF-8")
    if not path.startswith("/") or path[1:2] in ("/", "\\"):
        raise BadPathError("the path does not begin with a single slash")
    return _checked(path.split("/")[1:])


def _checked(segments: list[str]) -> tuple[str, ...]:
    if segments and segments[-1] == "":
        segments = segments[:-1]
    for segment in segments:
        if segment in ("", ".", ".."):
            raise BadPathError("the path has an empty, . or .. segment")
        if _CONTROL.search(segment):
            raise BadPathError("the path has a control character")
        if _DOTS.search(segment):
            raise BadPathError("the path has an encoded . or .. segment")
    return tuple(segments)


def join(segments: Iterable[str], slash: bool) -> str:
    """The canonical, percent-encoded URL path of decoded segments.

    >>> join(("blog", "café"), slash=True), join((), slash=False)
    ('/blog/caf%C3%A9/', '/')
    """
    quoted = [each if _PLAIN.fullmatch(each) else quote(each, safe=SAFE) for each in segments]
    return unquoted(quoted, slash)


def unquoted(segments: Iterable[str], slash: bool) -> str:
    """The same path as people read it, and as a ``Request`` has it.

    >>> unquoted(("blog", "café"), slash=True), unquoted((), slash=True)
    ('/blog/café/', '/')
    """
    path = "/" + "/".join(segments)
    return path + "/" if slash and path != "/" else path


def file_of(segments: Sequence[str], slash: bool) -> str:
    """The file that a web server sends for the path of these decoded segments.

    >>> file_of(("blog", "tea"), True), file_of(("about",), False), file_of(("feed.xml",), False)
    ('blog/tea/index.html', 'about.html', 'feed.xml')
    """
    if not segments:
        return "index.html"
    if not slash and "." in segments[-1][1:]:
        return "/".join(segments)
    return "/".join(segments) + ("/index.html" if slash else ".html")
