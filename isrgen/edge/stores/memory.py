"""``memory:`` keeps responses in this process, bounded by bytes.

Beside the tags of pages, the index of tags holds ``?`` and the path of each
key (no tag begins so), for a purge of a path reaches every query of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from isrgen.caching.freshness import lies_ahead
from isrgen.caching.invalidation import ALL
from isrgen.caching.keys import compatible
from isrgen.caching.policy import MAX_VARIANTS
from isrgen.caching.settle import PRIVATE_SECONDS, Rank, may_replace, purged
from isrgen.caching.stored import HeaderPairs, Stored
from isrgen.edge.purge import Purged, PurgeLog, verdict
from isrgen.edge.recent import Recent
from isrgen.edge.s3fifo import MOST_HITS, S3Fifo
from isrgen.edge.store import Lease, Summary, Usage, summary
from isrgen.errors import IsrgenError

DEFAULT_BYTES: Final = 64 * 1024 * 1024

_FREE: Final = ("", 0.0, 0.0)
"""A lease: who holds it, until when, and until when others need not wait for it."""


def open_url(scheme: str, rest: str, *, root: Path, shared: bool) -> MemoryStore:
    """``memory:`` takes nothing after the colon, and each process has its own."""
    if shared:
        raise IsrgenError(
            "memory: cannot be shared by several workers: a purge would reach only one of them.",
            "Use --store disk:PATH, or one worker.",
        )
    if rest:
        raise IsrgenError(f"memory: takes nothing after the colon, not {rest!r}.", "Write --store memory:")
    return MemoryStore()


class MemoryStore:
    """A ``Store`` for one process; never suspends."""

    def __init__(self, limit: int = DEFAULT_BYTES) -> None:
        self._held: S3Fifo[None] = S3Fifo(limit)
        self._entries = self._held.entries
        self._tagged: dict[str, set[str]] = {}
        self._purges = PurgeLog()
        self._leases: Recent[str, tuple[str, float, float]] = Recent()
        self._builds: dict[str, int] = {}

    async def get(self, key: str) -> Sequence[Stored]:
        return self.peek(key)

    def peek(self, key: str) -> Sequence[Stored]:
        held = self._entries.get(key)
        if held is None:
            return ()
        if held.hits < MOST_HITS:
            held.hits += 1
        return held.variants

    async def put(self, key: str, stored: Stored, epoch: int) -> bool:
        kept: Stored | None = stored
        hit, hard = verdict(self._purges.since(epoch), key, stored.tags)
        if hit:
            kept = purged(stored, hard)
        others = []
        for old in self._variants(key):
            if not may_replace(stored, old, self._rank(stored, old)):
                return False
            if not compatible(stored.selecting, old.selecting):
                others.append(old)
        if kept is None:
            return False
        variants = self._held.fitting(key, (kept, *others[: MAX_VARIANTS - 1]))
        self._set(key, variants or others)
        return bool(variants)

    async def delete(self, key: str, selecting: HeaderPairs | None = None) -> None:
        left = [s for s in self._variants(key) if selecting is not None and s.selecting != selecting]
        self._set(key, left)

    async def epoch(self) -> int:
        return self._purges.epoch

    async def announce(self, build: str) -> None:
        self._builds[build] = max(self._builds.values(), default=0) + 1

    async def invalidate_key(self, prefix: str, hard: bool) -> list[str]:
        self._purges.add(Purged(key=prefix, hard=hard))
        near = self._tagged.get(_path_tag(prefix), ())
        return self._purge(sorted(k for k in near if k == prefix or k.startswith(f"{prefix}?")), hard)

    async def invalidate_tag(self, tag: str, hard: bool) -> list[str]:
        self._purges.add(Purged(tag=tag, hard=hard))
        if tag == ALL:
            return self._purge(list(self._entries), hard)
        return self._purge(sorted(self._tagged.get(tag, ())), hard, tag)

    async def acquire(self, key: str, owner: str, now: float, seconds: float) -> Lease:
        held, until, private_until = self._leases.get(key) or _FREE
        if lies_ahead(private_until, now, PRIVATE_SECONDS):
            return Lease.PRIVATE
        if held and held != owner and now < until <= now + 10 * seconds:
            return Lease.TAKEN
        self._leases.set(key, (owner, now + seconds, 0.0))
        return Lease.MINE

    async def release(self, key: str, owner: str, private_until: float = 0.0) -> None:
        if (self._leases.get(key) or _FREE)[0] != owner:
            return
        if private_until:
            self._leases.set(key, ("", 0.0, private_until))
        else:
            self._leases.forget(key)

    async def keys(self, prefix: str = "", limit: int = 1000) -> list[str]:
        return sorted(key for key in self._entries if key.startswith(prefix))[:limit]

    async def summaries(self, prefix: str = "", limit: int = 1000) -> list[Summary]:
        return [summary(key, s) for key in await self.keys(prefix, limit) for s in self._variants(key)][
            :limit
        ]

    async def usage(self) -> Usage:
        return Usage(sum(len(variants) for _, variants in self._held.items()), self._held.bytes)

    async def close(self) -> None:
        return None

    def _variants(self, key: str) -> tuple[Stored, ...]:
        """What is held under a key, without counting as a hit."""
        held = self._entries.get(key)
        return held.variants if held is not None else ()

    def _purge(self, keys: Iterable[str], hard: bool, tag: str = "") -> list[str]:
        left = []
        for key in keys:
            before = self._variants(key)
            concerned = [not tag or tag in stored.tags for stored in before]
            after = [purged(s, hard) if hit else s for s, hit in zip(before, concerned, strict=True)]
            variants = [stored for stored in after if stored is not None]
            self._set(key, variants)
            if len(variants) > concerned.count(False):
                left.append(key)
        return left

    def _set(self, key: str, variants: Sequence[Stored]) -> None:
        self._untag(key, self._variants(key))
        for tag in _index_tags(key, variants):
            self._tagged.setdefault(tag, set()).add(key)
        for gone, lost in self._held.set(key, variants, None):
            self._untag(gone, lost)

    def _untag(self, key: str, variants: Sequence[Stored]) -> None:
        for tag in _index_tags(key, variants):
            keys = self._tagged.get(tag)
            if keys is not None:
                keys.discard(key)
                if not keys:
                    del self._tagged[tag]

    def _rank(self, new: Stored, old: Stored) -> Rank:
        return Rank(self._builds.get(new.build, 0), self._builds.get(old.build, 0))


def _path_tag(key: str) -> str:
    return "?" + key.partition("?")[0]


def _index_tags(key: str, variants: Sequence[Stored]) -> set[str]:
    """What a key is found by."""
    return {_path_tag(key), *(tag for stored in variants for tag in stored.tags)} if variants else set()
