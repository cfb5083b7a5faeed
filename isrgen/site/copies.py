"""Files that are copied as they are: ``static/``, and what lies beside pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from isrgen.errors import Problem
from isrgen.routing.pattern import Kind, Pattern
from isrgen.site.page import CopiedFile, Page
from isrgen.site.source import Folder

STATIC = "static"


def copies_of(
    static: Iterable[str],
    beside: Iterable[tuple[Folder, str]],
    pages: Iterable[Page],
    problems: list[Problem],
) -> Iterator[CopiedFile]:
    """Where each file goes; one that lies below a ``[name]`` folder has no place to go."""
    for source in static:
        yield CopiedFile(source, source.partition("/")[2])
    moved = _permalinks(pages)
    for folder, source in beside:
        target = _target(folder, moved)
        if target is None:
            message = "This file has no URL: its folder stands for many pages."
            hint = "Move it to static/, or to a folder without [ ] in its path."
            problems.append(Problem(message, hint, source))
        else:
            yield CopiedFile(source, "/".join([*target, source.rpartition("/")[2]]))


def _permalinks(pages: Iterable[Page]) -> dict[str, tuple[str, ...]]:
    """Folders whose index page lives elsewhere: their files go with it."""
    found = {}
    for page in pages:
        folder, _, name = page.source.rpartition("/")
        is_index = name.partition(".")[0].partition("+")[0] == "index"
        if is_index and page.meta.permalink is not None and page.pattern.slash and page.pattern.is_static:
            found[folder] = tuple(segment.value for segment in page.pattern.segments)
    return found


def _target(folder: Folder, moved: dict[str, tuple[str, ...]]) -> tuple[str, ...] | None:
    if folder.path in moved:
        return moved[folder.path]
    pattern = Pattern.parse("/" + "/".join(folder.segments))
    if any(segment.kind is not Kind.STATIC for segment in pattern.segments):
        return None
    return folder.segments
