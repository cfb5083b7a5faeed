"""What templates and loaders see of a site at one moment.

``SiteView`` and ``PageView`` are made anew for every render: they hide drafts
and what is not published at ``now``, and note what was read and what was looked
for in vain, so that ``SiteView.next_change`` can bound the lifetime of what was
rendered and ``SiteView.reads`` tag it. Everything that does not depend on
``now`` is kept by the snapshot's listings, so that a view costs nothing until a
template lists something.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from typing import Any, overload

from isrgen.caching.automatic import ALL_PAGES, absent_page_tags, collection_tag, term_tag
from isrgen.site.data_view import DataView
from isrgen.site.entry import Entry, Heading
from isrgen.site.listing import Listing
from isrgen.site.snapshot import Snapshot


class Html(str):
    """Text that is HTML already: templates print it as it is."""

    __slots__ = ()

    def __html__(self) -> str:
        return str(self)


class Toc(tuple[Heading, ...]):
    """The headings of a page as a tree; printed, it is a nested list of links."""

    __slots__ = ()

    def __html__(self) -> str:
        return _list(self)

    __str__ = __html__


def _list(headings: Sequence[Heading]) -> str:
    items = "".join(
        f'<li><a href="#{escape(heading.id)}">{escape(heading.text)}</a>{_list(heading.children)}</li>'
        for heading in headings
    )
    return f"<ul>{items}</ul>" if items else ""


class PageView:
    """One page in a template: its facts, and each other front matter key as an attribute."""

    __slots__ = ("_entry", "_site")

    _entry: Entry
    _site: SiteView

    def __init__(self, entry: Entry, site: SiteView) -> None:
        self._entry = entry
        self._site = site

    def __getattr__(self, name: str) -> Any:
        if name in _FACTS:
            return getattr(self._entry, name)
        try:
            return self._entry.extra[name]
        except KeyError:
            raise AttributeError(f"the page {self._entry.source} has no {name!r}") from None

    @property
    def content(self) -> Html:
        """The HTML of a Markdown page; empty for the others."""
        self._site._note(self._entry.inputs)
        return Html("" if self._entry.content is None else self._entry.content)

    @property
    def summary(self) -> Html:
        self._site._note(self._entry.inputs)
        return Html(self._entry.summary)

    @property
    def toc(self) -> Toc:
        return Toc(self._entry.toc)

    @property
    def prev(self) -> PageView | None:
        """The page before this one in its collection: the older one, or the one of less weight."""
        return self._site._neighbour(self._entry, -1)

    @property
    def next(self) -> PageView | None:
        """The page after this one in its collection: the newer one, or the one of more weight."""
        return self._site._neighbour(self._entry, 1)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PageView) and self._entry.source == other._entry.source

    def __hash__(self) -> int:
        return hash(self._entry.source)

    def __repr__(self) -> str:
        return f"<page {self._entry.source}>"


_FACTS = frozenset(Entry.__dataclass_fields__) - {"content", "summary", "toc", "template"}


class Pages(Sequence[PageView]):
    """A list of pages that makes each ``PageView`` when it is asked for."""

    __slots__ = ("_entries", "_site")

    def __init__(self, entries: Sequence[Entry], site: SiteView) -> None:
        self._entries = entries
        self._site = site

    @overload
    def __getitem__(self, index: int) -> PageView: ...
    @overload
    def __getitem__(self, index: slice) -> Pages: ...
    def __getitem__(self, index: int | slice) -> PageView | Pages:
        if isinstance(index, slice):
            return Pages(self._entries[index], self._site)
        return PageView(self._entries[index], self._site)

    def __iter__(self) -> Iterator[PageView]:
        return (PageView(entry, self._site) for entry in self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return repr(list(self))


class _Lists(Mapping[str, Pages]):
    """Named lists of pages; ``tag`` makes a name one of a tag.

    ``hide_empty`` leaves out those that show nothing now.
    """

    __slots__ = ("_hide_empty", "_listings", "_site", "_tag")

    def __init__(
        self,
        listings: Mapping[str, Listing],
        site: SiteView,
        tag: Callable[[str], str],
        *,
        hide_empty: bool,
    ) -> None:
        self._listings = listings
        self._site = site
        self._tag = tag
        self._hide_empty = hide_empty

    def __getitem__(self, name: str) -> Pages:
        listing = self._listings.get(name)
        if listing is None or not self._site._may_know(listing):
            self._site._note((self._tag(str(name)),))
            raise KeyError(name)
        pages = self._site._list(listing)
        if self._hide_empty and not pages:
            raise KeyError(name)
        return pages

    def __iter__(self) -> Iterator[str]:
        self._site._note((ALL_PAGES,))
        for name, listing in self._listings.items():
            if self._site._list(listing) if self._hide_empty else self._site._may_know(listing):
                yield name

    def __len__(self) -> int:
        return sum(1 for _ in self)


class SiteView:
    """The site in a template, at ``now`` (Unix time).

    ``drafts`` and ``future`` show what a visitor would not see. ``reads`` are
    the tags of what was read, and of what was looked for and is not there.
    """

    def __init__(self, snapshot: Snapshot, now: float, *, drafts: bool = False, future: bool = False) -> None:
        facts = snapshot.facts
        self._snapshot = snapshot
        self._now = now
        self._drafts = drafts or facts.drafts
        self._future = future or facts.future
        self._read: dict[str, Listing] = {}
        self._noted: dict[str, None] = {}
        self._data: DataView | None = None
        self.title = facts.title
        self.base_url = facts.base_url
        self.language = facts.language
        self.extra = facts.extra

    def __getattr__(self, name: str) -> Any:
        extra = self.__dict__.get("extra", {})
        if name in extra:
            return extra[name]
        raise AttributeError(f"the site has no {name!r}")

    @property
    def data(self) -> Mapping[str, Any]:
        """What the files below ``data/`` hold, by their names."""
        if self._data is None:
            self._data = DataView(self._snapshot.data, self._note)
        return self._data

    @property
    def pages(self) -> Pages:
        """Every page that is published now: the newest first, then by weight and title."""
        return self._list(self._snapshot.listings.pages)

    @property
    def collections(self) -> Mapping[str, Pages]:
        """The pages of each top folder of ``content/``, without the folder's own index page."""
        return _Lists(self._snapshot.listings.collections, self, collection_tag, hide_empty=False)

    @property
    def taxonomies(self) -> Mapping[str, Mapping[str, Pages]]:
        return {"tags": _Lists(self._snapshot.listings.tags, self, term_tag, hide_empty=True)}

    def page(self, url_or_source: str) -> PageView | None:
        """The published page with this URL or source file, else None."""
        entry = self._snapshot.find(url_or_source, drafts=self._drafts)
        if entry is None:
            self._note(absent_page_tags(url_or_source))
            return None
        view = self.current(entry.source)
        return view if self.shows(entry) else None

    def shows(self, entry: Entry) -> bool:
        """Whether this visitor may see it now."""
        return entry.is_visible(self._now, drafts=self._drafts, future=self._future)

    def current(self, source: str) -> PageView:
        """The page that is being rendered, whether it is published or not; KeyError for none."""
        listing = self._snapshot.listings.single(self._snapshot.entries[source])
        self._read[listing.name] = listing
        return PageView(listing.entries[0], self)

    @property
    def next_change(self) -> float | None:
        """Unix time at which a page in the lists that were read next appears or disappears."""
        moments = [listing.next_change(self._now) for listing in self._read.values()]
        return min((moment for moment in moments if moment is not None), default=None)

    @property
    def reads(self) -> tuple[str, ...]:
        listed = (tag for listing in tuple(self._read.values()) for tag in listing.tags)
        return tuple(dict.fromkeys((*listed, *self._noted)))

    def _may_know(self, listing: Listing) -> bool:
        return self._drafts or not listing.is_secret

    def _note(self, tags: Sequence[str]) -> None:
        self._noted.update(dict.fromkeys(tags))

    def _list(self, listing: Listing) -> Pages:
        self._read[listing.name] = listing
        return Pages(listing.visible(self._now, drafts=self._drafts, future=self._future), self)

    def _neighbour(self, entry: Entry, step: int) -> PageView | None:
        """Neighbours are of one kind: dated pages in the order of time, the others as they are listed."""
        listing = self._snapshot.listings.siblings(entry)
        self._read[listing.name] = listing
        shown = listing.visible(self._now, drafts=self._drafts, future=self._future)
        at = listing.position(entry, shown)
        if at is None:
            return None
        at += -step if entry.date is not None else step
        if not 0 <= at < len(shown) or (shown[at].date is None) != (entry.date is None):
            return None
        return PageView(shown[at], self)
