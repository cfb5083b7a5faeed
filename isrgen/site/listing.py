"""The sorted lists of a site's pages, made once, and what of them is visible at a moment."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from urllib.parse import unquote

from isrgen.caching.automatic import ALL_PAGES, collection_tag, page_tag, term_tag
from isrgen.site.entry import Entry


class Listing:
    """One sorted list of entries, hidden ones included.

    ``tags`` are those of whoever reads it; ``is_secret`` means that all there
    is of it are drafts. What is visible only changes at ``changes``, so the
    visible part is kept for the span of time it was last asked for.
    """

    def __init__(
        self, name: str, entries: Sequence[Entry], tags: tuple[str, ...] = (), is_secret: bool = False
    ) -> None:
        self.name = name
        self.entries = tuple(entries)
        self.tags = tags
        self.is_secret = is_secret
        self._changes = sorted({moment for entry in entries for moment in entry.changes})
        self._kept: dict[tuple[bool, bool], tuple[int, tuple[Entry, ...]]] = {}
        self._positions: tuple[Sequence[Entry], dict[str, int]] = ((), {})

    def visible(self, now: float, *, drafts: bool, future: bool) -> tuple[Entry, ...]:
        span = bisect_right(self._changes, now)
        kept = self._kept.get((drafts, future))
        if kept is None or kept[0] != span:
            shown = tuple(e for e in self.entries if e.is_visible(now, drafts=drafts, future=future))
            kept = self._kept[drafts, future] = (span, shown)
        return kept[1]

    def position(self, entry: Entry, shown: Sequence[Entry]) -> int | None:
        """Where the entry stands in ``shown``, which ``visible`` gave."""
        known, positions = self._positions
        if known is not shown:
            positions = {each.source: index for index, each in enumerate(shown)}
            self._positions = (shown, positions)
        return positions.get(entry.source)

    def next_change(self, now: float) -> float | None:
        index = bisect_right(self._changes, now)
        return self._changes[index] if index < len(self._changes) else None


class Listings:
    """All lists of a snapshot: its pages, the collections and the tags."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        shown = sorted((entry for entry in entries if entry.listed and entry.url), key=_order)
        collections: dict[str, list[Entry]] = {}
        tags: dict[str, list[Entry]] = {}
        known = {entry.section for entry in shown if entry.section and not entry.is_secret}
        for entry in shown:
            members = collections.setdefault(entry.section, []) if entry.section else []
            if not _is_index(entry):
                members.append(entry)
            for tag in entry.tags:
                tags.setdefault(tag, []).append(entry)
        everything = (ALL_PAGES, *map(collection_tag, sorted(known)))
        self.pages = Listing("pages", shown, everything)
        self.collections = {
            name: Listing(f"collections/{name}", members, (collection_tag(name),), name not in known)
            for name, members in sorted(collections.items())
        }
        self.tags = {
            name: Listing(f"tags/{name}", tagged, (term_tag(name),)) for name, tagged in sorted(tags.items())
        }
        self._top = Listing("top", [entry for entry in shown if not entry.section], (ALL_PAGES,))
        self._singles: dict[str, Listing] = {}

    def siblings(self, entry: Entry) -> Listing:
        """The list in which ``prev`` and ``next`` are looked for."""
        return self.collections.get(entry.section, self._top) if entry.section else self._top

    def single(self, entry: Entry) -> Listing:
        found = self._singles.get(entry.source)
        if found is None:
            tags = (page_tag(entry.url or entry.source), *entry.inputs)
            found = self._singles[entry.source] = Listing(f"page/{entry.source}", (entry,), tags)
        return found


def _order(entry: Entry) -> tuple[float, int, str, str]:
    """The newest first, undated ones last; then by weight, title and URL."""
    moment = -entry.date.timestamp() if entry.date is not None else float("inf")
    return (moment, entry.weight, entry.title, entry.url)


def _is_index(entry: Entry) -> bool:
    return unquote(entry.url.strip("/")) == entry.section
