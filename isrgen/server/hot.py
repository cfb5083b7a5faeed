"""The short way to a hit under RSGI: what a page needs on the wire is made once a second, not once a request.

The long way, through ``App.handle``, teaches it: an address, the variants that
the store held for it, and the response made of them by the very functions
that the long way uses. It answers only while nothing can have changed, and
leaves every request that could get another answer to the long way:

* the store still holds the very same object (``Store.peek``): a purge, a new
  render, another process's write all put another one there;
* the clock stands within the second that ``Age`` and ``Cache-Status`` tell of;
* a stale page's refresh is under way;
* no header is there that the page, or HTTP, attends to;
* the one ``Host`` is one that the long way took.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import floor
from time import perf_counter
from typing import Any, Final

from isrgen.caching.freshness import Freshness, freshness
from isrgen.caching.policy import CachePolicy
from isrgen.caching.stored import Stored
from isrgen.edge.counters import Count
from isrgen.edge.driver import Edge
from isrgen.edge.exchange import Exchange, Served
from isrgen.edge.landing import served_from_store
from isrgen.server.ledger import Ledger
from isrgen.server.message import Incoming, Outgoing, Pairs
from isrgen.server.rsgi import host_of, wire

Address = str | tuple[str, str]
"""A decoded path; with the query as it came, where the page's route lists parameters."""

_ATTENDED: Final = ("authorization", "range", "if-modified-since", "if-match", "if-unmodified-since")
"""Fields that may lead to anything but the whole stored page; If-None-Match has its own place."""

_LONGEST_QUERY: Final = 512
"""Characters; the long way judges longer ones."""

Prepare = Callable[[Incoming, Served], Outgoing]
"""From what the edge hands out to what goes on the wire, as the long way does it."""

_MOST: Final = 16384
_MOST_BYTES: Final = 32 * 2**20
"""Pages and bytes known at once: what the store lets go of may be held here until it is asked for again."""

_LARGEST: Final = _MOST_BYTES // 8

_MOST_HOSTS: Final = 1024

_OVERHEAD: Final = 2048
"""Bytes that a page takes here beside those that the store holds as well."""

_DETAILS: Final = {Freshness.FRESH: "", Freshness.STALE_USABLE: "revalidating"}

_REQUESTS: Final = int(Count.REQUESTS)
_SUCCESSES: Final = int(Count.STATUS_2XX)
_BYTES: Final = int(Count.RESPONSE_BYTES)


@dataclass(slots=True, eq=False)
class _Page:
    """One page; what stands after ``stale`` holds from ``begin`` until ``end`` only.

    ``cookies`` are names that send a request the long way. ``not_modified`` is
    None until somebody has the page already.
    """

    key: str
    variants: object
    stored: Stored
    cookies: tuple[str, ...]
    listed: bool
    stale: bool = False
    begin: float = 0.0
    end: float = 0.0
    count: int = int(Count.HIT)
    etag: str = ""
    cache_status: str = ""
    headers: Pairs | None = None
    body: bytes = b""
    size: int = 0
    not_modified: Pairs | None = None


class Hot:
    """The pages asked for of late; ``draft_cookie`` is "" where no draft mode is."""

    def __init__(
        self,
        edge: Edge,
        prepare: Prepare,
        clock: Callable[[], float],
        ledger: Ledger,
        *,
        draft_cookie: str = "",
    ) -> None:
        self._edge = edge
        self._prepare = prepare
        self._peek = edge.store.peek
        self._clock = clock
        self._ledger = ledger
        self._cells = ledger.counters.cells
        self._draft_cookies = (draft_cookie,) if draft_cookie else ()
        self._pages: dict[Address, _Page] = {}
        self._hosts: set[str] = set()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._pages)

    def answer(self, scope: Any, protocol: Any) -> bool:
        """Answer granian's request if that is safe; False, and nothing is done, if not."""
        began = perf_counter() if self._ledger.access is not None else 0.0
        path = scope.path
        query = scope.query_string
        page = self._pages.get(path)
        address: Address = path
        if query:
            if page is None or page.listed:
                address = (path, query)
                page = self._pages.get(address)
            elif len(query) > _LONGEST_QUERY or not query.isascii():
                return False
        if page is None or scope.method != "GET" or scope.proto != "http":
            return False
        now = self._clock()
        if self._peek(page.key) is not page.variants:
            self._forget(address)
            return False
        if not page.begin <= now < page.end and not self._renew(address, page, now):
            return False
        if page.stale and not self._edge.is_refreshing(page.key, page.stored):
            return False
        headers = scope.headers
        hosts = headers.get_all("host")
        if len(hosts) != 1 or hosts[0] not in self._hosts:
            return False
        for name in _ATTENDED:
            if name in headers:
                return False
        if page.cookies and "cookie" in headers and _carries(page.cookies, headers):
            return False
        if "if-none-match" in headers:
            return headers.get("if-none-match") == page.etag and self._confirm(page, scope, protocol, began)
        protocol.response_bytes(200, page.headers, page.body)
        cells = self._cells
        cells[page.count] += 1
        cells[_REQUESTS] += 1
        cells[_SUCCESSES] += 1
        cells[_BYTES] += page.size
        if began:
            self._ledger.log_scope(scope, host_of(scope.client), 200, page.size, page.cache_status, began)
        return True

    def _confirm(self, page: _Page, scope: Any, protocol: Any, began: float) -> bool:
        """Answer whoever has exactly this page already."""
        fields = self._not_modified(page)
        if fields is None:
            return False
        protocol.response_empty(304, fields)
        self._cells[page.count] += 1
        self._ledger.count(304, 0)
        if began:
            self._ledger.log_scope(scope, host_of(scope.client), 304, 0, page.cache_status, began)
        return True

    def learn(self, incoming: Incoming, exchange: Exchange, served: Served, policy: CachePolicy) -> None:
        """Note what is sent the long way, if it may be sent the short way."""
        status, listed = served.cache_status, bool(policy.query)
        # A server that tells the raw path is not granian.
        if not status.hit or incoming.method != "GET" or incoming.raw_path is not None:
            return
        variants = self._edge.store.peek(exchange.key)
        if not variants or len(variants) != 1 or status.detail not in _DETAILS.values():
            return
        stored, query = variants[0], exchange.key.partition("?")[2]
        if not self._is_sent(stored, served) or (listed and incoming.query != query):
            return
        address = (incoming.path, query) if query else incoming.path
        cookies = (*policy.bypass_cookies, *self._draft_cookies)
        page = _Page(exchange.key, variants, stored, cookies, listed)
        self._forget(address)
        if self._renew(address, page, self._clock()):
            self._keep(address, page)
        self._meet(incoming.get("host"))

    def _meet(self, host: str | None) -> None:
        if host is not None and host not in self._hosts:
            if len(self._hosts) == _MOST_HOSTS:
                self._hosts.clear()
            self._hosts.add(host)

    def _is_sent(self, stored: Stored, served: Served) -> bool:
        """Whether this is what was sent, whole, and would be to everybody."""
        same = stored.body is served.body and stored.headers is served.headers
        return same and stored.status == 200 and not stored.selecting and self._edge.is_ours(stored)

    def _renew(self, address: Address, page: _Page, now: float) -> bool:
        """Make what is sent within the second of ``now``; False when the page may not be sent then."""
        stored = page.stored
        state = freshness(stored, now)
        detail = _DETAILS.get(state)
        if detail is None:
            self._forget(address)
            return False
        served = served_from_store(stored, now, detail)
        made = self._prepare(_REQUEST, served)
        if made.status != 200 or not made.body or made.file is not None:
            return False
        page.stale = state is not Freshness.FRESH
        page.count = int(Count.STALE if page.stale else Count.HIT)
        page.begin, page.end = now, _end(stored, now)
        page.cache_status = str(served.cache_status)
        page.headers, page.body, page.size = wire(made.headers), made.body, len(made.body)
        page.etag, page.not_modified = stored.etag, None
        # Who is asked for moves to the end; the front is let go of first.
        if self._pages.pop(address, None) is not None:
            self._pages[address] = page
        return True

    def _not_modified(self, page: _Page) -> Pairs | None:
        """The headers of the 304, made when somebody has the page already; None where there is none."""
        if page.not_modified is None and page.etag:
            request = Incoming("GET", "/", None, "", [("if-none-match", page.etag)], "", _no_body)
            served = served_from_store(page.stored, page.begin, "revalidating" if page.stale else "")
            made = self._prepare(request, served)
            page.not_modified = wire(made.headers) if made.status == 304 else None
        return page.not_modified

    def _keep(self, address: Address, page: _Page) -> None:
        size = page.stored.size + _OVERHEAD
        if size > _LARGEST:
            return
        self._pages[address] = page
        self._bytes += size
        while len(self._pages) > _MOST or self._bytes > _MOST_BYTES:
            self._forget(next(iter(self._pages)))

    def _forget(self, address: Address) -> None:
        page = self._pages.pop(address, None)
        if page is not None:
            self._bytes -= page.stored.size + _OVERHEAD


def _end(stored: Stored, now: float) -> float:
    """Until when headers made at ``now`` are true: its age grows by a second, or its state changes."""
    begun = stored.generated_at
    fresh = begun - stored.initial_age + stored.lifetime.fresh
    ends = (begun + floor(now - begun) + 1, fresh, fresh + stored.lifetime.stale_while_revalidate)
    return min(end for end in ends if end > now)


def _carries(names: tuple[str, ...], headers: Any) -> bool:
    """Whether one of these cookies may be there: its name anywhere will do, or a line that is unreadable."""
    lines = headers.get_all("cookie")
    return not lines or any(name in line for line in lines for name in names)


async def _no_body(most: int) -> bytes:
    return b""


_REQUEST: Final = Incoming("GET", "/", None, "", [], "", _no_body)
"""A request that says nothing."""
