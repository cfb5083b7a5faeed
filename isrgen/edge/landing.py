"""From answers to stored responses, and from both to what is sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Protocol

from isrgen.caching.decide import Decision
from isrgen.caching.fields import private_fields, shared_fields, without_cache_fields
from isrgen.caching.freshness import age, ttl
from isrgen.caching.keys import parse_key
from isrgen.caching.policy import Lifetime
from isrgen.caching.settle import Result
from isrgen.caching.status import CacheStatus
from isrgen.caching.stored import HeaderPairs, Stored
from isrgen.caching.validation import etag_of
from isrgen.edge.exchange import Served
from isrgen.http.answer import Answer, Outcome, Shared
from isrgen.http.headers import Headers

_WRITTEN_BY_US: Final = frozenset({"etag", "content-length", "transfer-encoding", "connection"})


@dataclass(frozen=True, slots=True)
class Landed:
    """What came of a flight.

    ``stored`` is what may be sent to everyone who selects it, ``kept`` whether
    the store took it. ``found`` means that another process had it ready, and
    there is no ``answer``.
    """

    answer: Answer | None
    stored: Stored | None = None
    kept: bool = False
    found: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of a response to be stored beside the answer itself."""

    key: str
    selecting: HeaderPairs
    lifetime: Lifetime
    begun: float
    build: str


class Wording(Protocol):
    """How responses are put into words: ours for a site's pages, the origin's own behind a proxy."""

    @property
    def is_shared_at_once(self) -> bool:
        """Whether all who waited for a response may have it, though its lifetime ends within the second."""
        ...

    def stored(self, answer: Answer, shared: Shared, kept: Kept) -> Stored:
        """What the store would keep of an answer."""
        ...

    def served(self, stored: Stored, seconds: int | None, status: CacheStatus) -> Served:
        """A stored response as it is sent, ``seconds`` old; None: it was made for this request."""
        ...

    def own(self, answer: Answer, status: CacheStatus) -> Served:
        """An answer for one visitor, or an error."""
        ...


@dataclass(frozen=True, slots=True)
class Pages:
    """A site's pages: all that is said of caching and of validators is ours, for who is ``behind`` us."""

    behind: str | None = None
    is_shared_at_once: bool = field(default=True, init=False)

    def stored(self, answer: Answer, shared: Shared, kept: Kept) -> Stored:
        own = (pair for pair in _own_headers(answer) if pair[0].lower() != "vary")
        path = parse_key(kept.key)[0]
        fields = shared_fields(
            kept.lifetime, behind=self.behind, vary=shared.vary, tags=shared.tags, path=path
        )
        return stored_with((*own, *fields), answer, shared, kept)

    def served(self, stored: Stored, seconds: int | None, status: CacheStatus) -> Served:
        return Served(stored.status, stored.headers, stored.body, None, stored.etag, seconds, status)

    def own(self, answer: Answer, status: CacheStatus) -> Served:
        return Served(
            status=answer.status,
            headers=(*_own_headers(answer), *private_fields()),
            body=answer.body,
            stream=answer.stream,
            etag="" if answer.stream is not None or answer.status != 200 else etag_of(answer.body),
            age=None,
            cache_status=status,
        )


def stored_with(headers: HeaderPairs, answer: Answer, shared: Shared, kept: Kept) -> Stored:
    """What the store would keep of an answer that is sent with these headers."""
    return Stored(
        status=answer.status,
        headers=headers,
        body=answer.body,
        etag=etag_of(answer.body),
        lifetime=kept.lifetime,
        generated_at=kept.begun,
        selecting=kept.selecting,
        tags=shared.tags,
        build=kept.build,
        initial_age=shared.initial_age,
        if_disconnected=shared.if_disconnected,
        for_authorized=shared.for_authorized,
    )


def result_of(answer: Answer) -> Result:
    """How a render ended."""
    if has_failed(answer):
        return Result.FAILED
    if answer.degraded is not None:
        return Result.DEGRADED
    return Result.PRIVATE if is_private(answer) else Result.SHAREABLE


def is_private(answer: Answer) -> bool:
    """Whether a page is for one visitor; a Set-Cookie is never shared, whatever the judgment said.

    Also one made of fallback data: it leaves the last good page where it is,
    and those who come next need not wait for one another all the same.
    """
    if has_failed(answer):
        return False
    return answer.shared is None or answer.stream is not None or "set-cookie" in answer.headers


def is_for_one(answer: Answer, wording: Wording) -> bool:
    """Whether those who come next need not wait for one another: each would have to ask again."""
    if is_private(answer):
        return True
    if wording.is_shared_at_once:
        return False
    shared = answer.shared
    if shared is None or has_failed(answer):
        return False
    usable = shared.lifetime.fresh + shared.lifetime.stale_while_revalidate
    return usable <= shared.initial_age


def has_failed(answer: Answer) -> bool:
    """Whether the last good page may be sent instead."""
    return answer.outcome is not Outcome.DONE or answer.status >= 500


def is_unreachable(answer: Answer) -> bool:
    """Whether nobody answered at all, or not in time."""
    return answer.outcome in (Outcome.UNREACHABLE, Outcome.TIMEOUT)


def is_refused(answer: Answer) -> bool:
    """Whether the request itself was at fault: that says nothing of what others get, nor of the origin."""
    return has_failed(answer) and answer.status < 500


def may_tell_everyone(answer: Answer) -> bool:
    """Whether a failure is our own words (500, 503, 504), and so the same for all who wait."""
    if is_refused(answer):
        return False
    return answer.outcome is not Outcome.DONE and answer.stream is None and "set-cookie" not in answer.headers


def failure(status: int, text: str, outcome: Outcome = Outcome.FAILED) -> Answer:
    """Our own words, in place of a page."""
    headers = Headers({"Content-Type": "text/plain; charset=utf-8"})
    return Answer(status, headers, text.encode(), outcome=outcome, reason=outcome.value)


async def dispose(answer: Answer | None) -> None:
    """Let go of an answer that nobody reads to its end."""
    aclose = getattr(answer.stream, "aclose", None) if answer is not None else None
    if aclose is not None:
        await aclose()


async def unpurged(answer: Answer) -> Answer:
    """What is sent in place of an answer whose purges failed: it would claim what was not done."""
    await dispose(answer)
    return failure(503, "The cache could not be purged. Try again later.")


_PAGES: Final = Pages()


def served_from_store(stored: Stored, now: float, detail: str = "", wording: Wording = _PAGES) -> Served:
    """A hit."""
    status = CacheStatus(hit=True, ttl=ttl(stored, now), detail=detail)
    return wording.served(stored, age(stored, now), status)


def served_on_error(
    stored: Stored, now: float, decision: Decision, answer: Answer, wording: Wording
) -> Served:
    """The last good response in place of a failed one (RFC 5861 section 4)."""
    status = CacheStatus(
        fwd=decision.fwd,
        fwd_status=None if is_unreachable(answer) else answer.status,
        ttl=ttl(stored, now),
        detail="unreachable" if is_unreachable(answer) else "stale-if-error",
    )
    return wording.served(stored, age(stored, now), status)


def served_from_flight(
    landed: Landed, stored: Stored, decision: Decision, collapsed: bool, wording: Wording
) -> Served:
    """A response that was rendered a moment ago, by this request or the one it waited for."""
    renewed = landed.answer is not None and landed.answer.renewed
    status = CacheStatus(
        fwd=decision.fwd,
        fwd_status=304 if renewed else None,
        stored=landed.kept and not collapsed,
        collapsed=collapsed,
    )
    return wording.served(stored, None, status)


def served_private(answer: Answer, decision: Decision, wording: Wording, collapsed: bool = False) -> Served:
    """A response for one visitor, or an error."""
    detail = decision.detail or answer.reason
    return wording.own(answer, CacheStatus(fwd=decision.fwd, collapsed=collapsed, detail=detail))


def _own_headers(answer: Answer) -> HeaderPairs:
    pairs = without_cache_fields(answer.headers.pairs())
    return tuple(pair for pair in pairs if pair[0].lower() not in _WRITTEN_BY_US)
