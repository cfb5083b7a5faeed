"""``/_isrgen/cache``: what the store holds, listed, shown and removed.

``isrgen cache`` shows the same facts of a store that it opens itself, so the
words are made here for both.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import Any, Final

from isrgen.caching.freshness import Freshness, age, freshness, ttl
from isrgen.caching.stored import Stored
from isrgen.edge.store import Store, Summary, summary

MOST_LISTED: Final = 1000

_CREDENTIALS: Final = frozenset({"authorization", "cookie"})

_WORDS: Final[dict[Freshness, str]] = {
    Freshness.FRESH: "fresh",
    Freshness.STALE_USABLE: "stale",
    Freshness.STALE_ON_ERROR: "stale-if-error",
    Freshness.STALE_UNREACHABLE: "stale-if-unreachable",
    Freshness.EXPIRED: "expired",
}


def state(found: Summary, now: float) -> str:
    """Its state in a word; ``invalidated`` is stale by a soft purge, before its time."""
    as_stored = _stored(found)
    judged = freshness(as_stored, now)
    if found.invalidated and judged is Freshness.STALE_USABLE:
        return "invalidated"
    return _WORDS[judged]


def as_data(found: Summary, now: float) -> dict[str, Any]:
    """One stored response for programs, without its headers and body."""
    as_stored = _stored(found)
    lifetime = found.lifetime
    # Visitors are told an age that makes it stale everywhere; whoever looks in here wants the real one.
    real = replace(as_stored, invalidated=False)
    return {
        "key": found.key,
        "selecting": {name: _told(name, value) for name, value in found.selecting},
        "status": found.status,
        "state": state(found, now),
        "age": age(real, now),
        "ttl": ttl(as_stored, now),
        "lifetime": {
            "fresh": lifetime.fresh,
            "stale-while-revalidate": lifetime.stale_while_revalidate,
            "stale-if-error": lifetime.stale_if_error,
        },
        "size": found.size,
        "tags": list(found.tags),
        "etag": found.etag,
        "build": found.build,
    }


def _told(name: str, value: str) -> str:
    """What selects a variant; of what lets somebody in (``Vary: Cookie``), enough to tell two apart."""
    return f"sha256:{sha256(value.encode()).hexdigest()[:12]}" if value and name in _CREDENTIALS else value


Ours = Callable[[Stored], bool]
"""Whether the build that runs made it: what another one made is stale, like after a soft purge."""


def _any_build(stored: Stored) -> bool:
    return True


async def listing(
    store: Store, prefix: str, limit: int, now: float, ours: Ours = _any_build
) -> dict[str, Any]:
    """The stored responses whose keys begin so; ``more`` says that there are others."""
    found = await store.summaries(prefix, limit + 1)
    entries = [as_data(_judged(each, ours), now) for each in found[:limit]]
    return {"entries": entries, "more": len(found) > limit}


async def shown(
    store: Store, key: str, now: float, *, with_body: bool, ours: Ours = _any_build
) -> dict[str, Any] | None:
    """Every variant under one key with its headers, the most recent first; None where there is none."""
    variants = [_shown(key, stored, now, with_body, ours) for stored in await store.get(key)]
    return {"key": key, "variants": variants} if variants else None


async def removed(store: Store, key: str) -> int | None:
    """How many variants under a key are gone now; None where the store did not let go of them."""
    count = len(await store.get(key))
    await store.delete(key)
    return None if await store.get(key) else count


def _judged(found: Summary, ours: Ours) -> Summary:
    return found if ours(_stored(found)) else replace(found, invalidated=True)


def _shown(key: str, stored: Stored, now: float, with_body: bool, ours: Ours) -> dict[str, Any]:
    facts = as_data(_judged(summary(key, stored), ours), now)
    facts["headers"] = [list(pair) for pair in stored.headers]
    facts["body_bytes"] = len(stored.body)
    if with_body:
        facts.update(_body(stored.body))
    return facts


def _body(body: bytes) -> dict[str, str]:
    try:
        return {"body": body.decode("utf-8"), "encoding": "utf-8"}
    except UnicodeDecodeError:
        return {"body": b64encode(body).decode("ascii"), "encoding": "base64"}


def _stored(found: Summary) -> Stored:
    """The stored response as far as its freshness goes."""
    return Stored(
        status=found.status,
        headers=(),
        body=b"",
        etag=found.etag,
        lifetime=found.lifetime,
        generated_at=found.generated_at,
        invalidated=found.invalidated,
        build=found.build,
        initial_age=found.initial_age,
        if_disconnected=found.if_disconnected,
    )
