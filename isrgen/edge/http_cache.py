"""The cache in front of any origin: RFC 9111 for requests and responses that isrgen had no part in making.

It knows no socket: a request comes as values, an ``Origin`` is asked for the
rest. The driver is the one of a site's pages; what differs is who says how
long a response may be kept (the origin), what is asked of it (whether what is
stored still holds), and in whose words the answer goes out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Final

from isrgen.caching.freshening import is_same_representation
from isrgen.caching.keys import select
from isrgen.caching.selecting import Verbatim as Selecting
from isrgen.caching.selecting import fields_of, is_variant
from isrgen.caching.status import CacheStatus, Fwd
from isrgen.caching.stored import HeaderPairs, Stored
from isrgen.caching.urls import also_changed, changes_state, key_of, split_key, url_key
from isrgen.edge.counters import Count, Counters
from isrgen.edge.driver import Edge
from isrgen.edge.exchange import Ask, Exchange, Served
from isrgen.edge.inquiry import Inquiry
from isrgen.edge.origin import Origin, OriginRequest
from isrgen.edge.portion import portion
from isrgen.edge.store import Store
from isrgen.edge.verbatim import Verbatim
from isrgen.http.answer import Answer
from isrgen.http.context import Purge

SPELLING: Final = ":target"
"""Beside the fields of a request, how it spells a target that a key spells in the one plain way. Not every
origin takes the two for one: what it says of ``/p%61ge`` must not be sent to those who want ``/page``."""

_JUDGED_BY_ORIGIN: Final = frozenset({"if-match", "if-unmodified-since", "range"})
"""What makes a request one for less than the whole, as long as nothing is stored."""


class HttpCache:
    """``deadline`` bounds the seconds that others wait for a response, ``max_body`` the bytes kept of one."""

    def __init__(
        self,
        store: Store,
        origin: Origin,
        *,
        clock: Callable[[], float],
        counters: Counters | None = None,
        deadline: float = 60.0,
        max_body: int = 10_000_000,
        build: str = "",
        max_regenerations: int = 16,
    ) -> None:
        self._origin = origin
        self._clock = clock
        self._inquiry = Inquiry(origin, clock, max_body, deadline / 2)
        self._wording = Verbatim()
        self.edge = Edge(
            store,
            clock=clock,
            build=build,
            deadline=deadline,
            max_regenerations=max_regenerations,
            regenerate=self._regenerate,
            wording=self._wording,
            counters=counters,
        )

    async def start(self) -> None:
        """Once, before ``serve``."""
        await self.edge.start()

    async def close(self) -> None:
        """Finish what is under way; the store and the origin are closed."""
        await self.edge.close()
        await self._origin.close()

    async def serve(self, request: OriginRequest) -> Served:
        """Answer one request; ``headers`` have lower-case names and no hop-by-hop fields."""
        key = url_key(request.scheme, request.host, request.target)
        if request.method not in ("GET", "HEAD"):
            return await self._pass_on(request, key, Fwd.METHOD)
        if request.body is not None or not key:
            # A body is in no key: what is made of it is for who sent it.
            return await self._pass_on(request, "", Fwd.BYPASS)
        served = await self.edge.serve(self._exchange(request, key))
        return portion(request.method, request.headers, served)

    async def purge(self, purges: Sequence[Purge]) -> None:
        """Carry purges out; a path is a whole URL, without which no host is named."""
        await self.edge.purge([replace(one, path=key_of(one.path) or one.path) for one in purges])

    def _exchange(self, request: OriginRequest, key: str) -> Exchange:
        selecting = Selecting((*request.headers, *_spelling(request.target, key)))
        names = {name for name, _ in request.headers}
        ask = Ask.PART if names & _JUDGED_BY_ORIGIN else Ask.WHOLE

        async def visitor() -> Answer:
            previous = await self._previous(key, selecting, "authorization" in names)
            if request.method == "HEAD":
                return await self._head(request, key, previous)
            if previous is None and (ask is Ask.PART or self.edge.expects_private(key)):
                return _as_spelt(await self._inquiry.ask(request), request.target, key)
            return _as_spelt(await self._inquiry.whole(request, previous), request.target, key)

        async def clean(headers: HeaderPairs) -> Answer:
            return await self._refresh(key, headers)

        return Exchange(
            key,
            "",
            selecting,
            visitor,
            clean,
            ask=Ask.HEAD if request.method == "HEAD" else ask,
            authorized="authorization" in names,
        )

    async def _previous(self, key: str, selecting: Selecting, authorized: bool) -> Stored | None:
        """What is stored for a request, to ask the origin whether it still holds."""
        variants = await self.edge.variants(key)
        if authorized:
            variants = [stored for stored in variants if stored.for_authorized]
        return select(variants, selecting)

    async def _head(self, request: OriginRequest, key: str, previous: Stored | None) -> Answer:
        """Ask for the head; it updates the stored response to GET, or shows it to be old (section 4.3.5)."""
        asked_at, epoch = self._clock(), await self.edge.store.epoch()
        answer = await self._inquiry.ask(request)
        if previous is None or answer.status != 200:
            return answer
        head = answer.headers.pairs()
        if is_same_representation(previous.headers, len(previous.body), head):
            renewed = self._inquiry.renewed(request, previous, head, asked_at)
            await self.edge.renew(key, previous, renewed, asked_at, epoch)
        else:
            await self.edge.store.delete(key, previous.selecting)
        return answer

    def _regenerate(self, key: str, headers: HeaderPairs) -> Awaitable[Answer] | None:
        """A request for exactly a key and the fields that select a variant, by no visitor."""
        return None if split_key(key) is None else self._refresh(key, headers)

    async def _refresh(self, key: str, headers: HeaderPairs) -> Answer:
        scheme, host, plain = split_key(key) or ("http", "", "/")
        target = next((value for name, value in headers if name == SPELLING), plain)
        variants = await self.edge.variants(key)
        previous = next((stored for stored in variants if is_variant(stored.selecting, headers)), None)
        fields = fields_of(tuple(pair for pair in headers if pair[0] != SPELLING))
        request = OriginRequest("GET", scheme, host, target, fields)
        return _as_spelt(await self._inquiry.whole(request, previous), target, key)

    async def _pass_on(self, request: OriginRequest, key: str, why: Fwd) -> Served:
        """Send a request on as it is; what an unsafe one may have changed is not sent again."""
        self.edge.counters.cells[Count.BYPASS] += 1
        answer = await self._inquiry.ask(request)
        answer.shared = None
        if key and changes_state(request.method, answer.status):
            named = (*answer.headers.getall("location"), *answer.headers.getall("content-location"))
            for changed in (key, *also_changed(key, tuple(named))):
                await self.edge.invalidate(changed)
        return self._wording.own(answer, CacheStatus(fwd=why))


def _spelling(target: str, key: str) -> HeaderPairs:
    return () if key.endswith(target) else ((SPELLING, target),)


def _as_spelt(answer: Answer, target: str, key: str) -> Answer:
    """An answer that may be kept, for one spelling only where there are several."""
    if answer.shared is not None and ("%" in key or not key.endswith(target)):
        answer.shared = replace(answer.shared, vary=(*answer.shared.vary, SPELLING))
    return answer
