"""Two things that want the same place: a path, or a file of the output."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from isrgen.errors import Problem
from isrgen.routing.urls import file_of
from isrgen.site.page import CopiedFile, Page
from isrgen.site.redirects import Placed


def find_conflicts(
    pages: Iterable[Page], not_found: Iterable[Page], files: Iterable[CopiedFile], redirects: Iterable[Placed]
) -> Iterator[Problem]:
    """One problem for each path that more than one file claims; it names them all."""
    pages, not_found = tuple(pages), tuple(not_found)
    shapes: defaultdict[object, list[tuple[str, str]]] = defaultdict(list)
    for page in pages:
        shapes[page.pattern.shape].append((page.source, str(page.pattern)))
    yield from _shared(shapes, "Both have the route")
    yield from _redirected(pages, redirects)
    outputs: defaultdict[object, list[tuple[str, str]]] = defaultdict(list)
    for page in pages:
        if page.pattern.is_static:
            outputs[file_of(page.pattern.fill({}), page.pattern.slash)].append((page.source, page.url))
    for page in not_found:
        prefix = page.not_found or "/"
        outputs[f"{prefix.strip('/')}/404.html".lstrip("/")].append((page.source, f"{prefix}404.html"))
    for file in files:
        outputs[file.path].append((file.source, "/" + file.path))
    sources = {frozenset(source for source, _ in claims) for claims in shapes.values() if len(claims) > 1}
    collisions = {
        key: claims
        for key, claims in outputs.items()
        if frozenset(source for source, _ in claims) not in sources
    }
    yield from _shared(collisions, "Both would be the file for")


def _shared(claims: Mapping[object, list[tuple[str, str]]], verb: str) -> Iterator[Problem]:
    for found in claims.values():
        if len(found) > 1:
            sources = sorted({source for source, _ in found})
            verb_here = verb if len(found) == 2 else verb.replace("Both", "All")
            message = f"{verb_here} {found[0][1]}: {', '.join(sources)}."
            yield Problem(message, "Keep one of them, or give one another name or a `permalink`.", sources[0])


def _redirected(pages: tuple[Page, ...], redirects: Iterable[Placed]) -> Iterator[Problem]:
    by_shape = {page.pattern.shape: page for page in pages}
    first: dict[object, Placed] = {}
    for placed in redirects:
        source = placed.redirect.source
        if (page := by_shape.get(source.shape)) is not None:
            message = f"The redirect from {source} hides the page {page.source}."
            yield placed.problem(message, "Remove the redirect, or give the page another path.")
        elif (other := first.setdefault(source.shape, placed)) is not placed:
            message = f"Two redirects begin at {source}; the other one stands in {other.source}."
            yield placed.problem(message, "Keep one of them.")
