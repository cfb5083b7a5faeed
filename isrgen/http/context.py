"""The render under way, and the functions by which a site's own code speaks to it.

One ``RenderContext`` is current while loaders, middleware, API functions and
templates of one request run; it travels with ``contextvars`` into threads and
tasks.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

from isrgen.http.headers import Headers, HeadersLike
from isrgen.http.reads import Recorder, watch, where


@dataclass(frozen=True, slots=True)
class Purge:
    """Something to invalidate: a path (every variant of it) or a tag."""

    path: str = ""
    tag: str = ""
    hard: bool = False


@dataclass(slots=True)
class RenderContext:
    """What the site's code asked for while one response was made."""

    may_revalidate: bool = False
    recorder: Recorder | None = None
    headers: list[HeadersLike | Callable[[Headers], object]] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    degraded: str | None = None
    purges: list[Purge] = field(default_factory=list)
    streams: bool = False
    """Its headers are settled, and what is still made is the body, piece by piece."""


_current: ContextVar[RenderContext | None] = ContextVar("isrgen_render", default=None)
_data_roots: list[Path] = []


def enter(context: RenderContext | None) -> None:
    """Make ``context`` current in this task or thread."""
    _current.set(context)
    watch(None if context is None else context.recorder)


def _context(name: str) -> RenderContext:
    context = _current.get()
    if context is None:
        raise RuntimeError(
            f"{name}() was called outside a request; call it from a loader, API function or middleware"
        )
    return context


def _context_before_body(name: str) -> RenderContext:
    context = _context(name)
    if context.streams:
        raise RuntimeError(
            f"{name}() was called while the body streams; call it before you return the Response"
        )
    return context


def set_response_headers(headers: HeadersLike | Callable[[Headers], object]) -> None:
    """Set headers of the response being made: a mapping, or a function given its ``Headers``.

    They count only when the page renders; raises RuntimeError outside a request
    and ValueError for headers HTTP does not allow.
    """
    context = _context_before_body("set_response_headers")
    if not callable(headers):
        headers = Headers(headers)
        headers.place_vary(where)
    context.headers.append(headers)


def cache_tag(*tags: str) -> None:
    """Add cache tags to the response being made."""
    for tag in tags:
        if not isinstance(tag, str):
            raise TypeError(f"a cache tag is a string, not {tag!r}")
    _context("cache_tag").tags.extend(tags)


def degraded(reason: str) -> None:
    """Say that the data is a fallback: the page is kept for seconds only, the last good one preferred."""
    _context("degraded").degraded = str(reason)


def revalidate_path(path: str, hard: bool = False) -> None:
    """Invalidate every variant of a page, everywhere, before this response is sent."""
    if not isinstance(path, str) or not path.startswith("/"):
        raise ValueError(f"revalidate_path({path!r}): a path begins with a slash")
    _revalidate(Purge(path=path, hard=hard))


def revalidate_tag(tag: str, hard: bool = False) -> None:
    """Invalidate every page with this tag, everywhere, before this response is sent."""
    if not isinstance(tag, str) or not tag:
        raise ValueError(f"revalidate_tag({tag!r}): a tag is a string that is not empty")
    _revalidate(Purge(tag=tag, hard=hard))


def _revalidate(purge: Purge) -> None:
    context = _context_before_body("revalidate_path() or revalidate_tag")
    if not context.may_revalidate:
        raise RuntimeError("pages are revalidated from API routes, not while a page renders")
    context.purges.append(purge)


def set_data_roots(*roots: Path) -> None:
    """Where ``data_path`` looks, in order; set once, by whoever starts the site."""
    _data_roots[:] = roots


def data_path(name: str) -> Path:
    """Where a file named in ``[server] include`` lies, while developing and in ``dist/server``.

    A name that no root holds is given below the first root, where it may be
    created. Raises ValueError for a name that leaves the site.
    """
    relative = Path(name)
    if relative.is_absolute() or ".." in relative.parts or not name:
        raise ValueError(f"data_path({name!r}): give a name relative to the site, without ..")
    for root in _data_roots:
        if (root / relative).exists():
            return root / relative
    return (_data_roots[0] if _data_roots else Path()) / relative
