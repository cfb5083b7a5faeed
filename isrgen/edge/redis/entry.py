"""What lies in Redis under one key, and what a change to it is. Nothing here talks to Redis.

Whoever changes an entry reads its heads, decides here, by the rules that every
store decides by, and commits on condition that nothing has changed meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Final

from isrgen.caching.invalidation import ALL
from isrgen.caching.keys import compatible
from isrgen.caching.policy import MAX_VARIANTS, Lifetime
from isrgen.caching.settle import Rank, may_replace, purged
from isrgen.caching.stored import HeaderPairs, Stored
from isrgen.edge.purge import Purged, verdict
from isrgen.edge.store import Summary, summary

WORD: Final = "\x1f"
_REST: Final = "\x1e"
_SHORTEST_MARGIN: Final = 600
_LONGEST_MARGIN: Final = 86400

Fields = Mapping[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Head:
    """One variant without its body; a later one has the higher ``number``."""

    number: int
    stored: Stored
    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class Entry:
    """What a change is decided upon: the life and the epoch of the store, the generation, the variants.

    ``purges`` are those since the render in question began.
    """

    life: str
    epoch: int
    generation: str
    heads: tuple[Head, ...]
    ranks: Mapping[str, int]
    purges: tuple[Purged, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """The variants that go, and the one that comes."""

    gone: tuple[Head, ...]
    new: Stored | None = None


def placing(entry: Entry, key: str, stored: Stored) -> Change | None:
    """What putting in a response changes; None: it is not kept."""
    hit, hard = verdict(entry.purges, key, stored.tags)
    kept = purged(stored, hard) if hit else stored
    replaced: list[Head] = []
    others: list[Head] = []
    for head in entry.heads:
        old = head.stored
        if not may_replace(
            stored, old, Rank(entry.ranks.get(stored.build, 0), entry.ranks.get(old.build, 0))
        ):
            return None
        (replaced if compatible(stored.selecting, old.selecting) else others).append(head)
    return None if kept is None else Change((*replaced, *others[MAX_VARIANTS - 1 :]), kept)


def removing(entry: Entry, selecting: HeaderPairs | None) -> Change | None:
    """What removing one variant or all changes; None: there is none."""
    gone = tuple(h for h in entry.heads if selecting is None or h.stored.selecting == selecting)
    return Change(gone) if gone else None


def commit(entry: Entry, key: str, change: Change, new: str) -> list[str | bytes | int]:
    """The arguments of ``scripts.PUT`` and ``REMOVE``; ``new`` makes the generation another."""
    left = [head for head in entry.heads if head not in change.gone]
    fields: list[str | bytes] = []
    size, lifetime = sum(head.size for head in left), 0
    if change.new is not None:
        head = Head(
            max((head.number for head in entry.heads), default=0) + 1,
            change.new,
            digest_of(change.new.body),
            change.new.size,
        )
        fields = _fields(head, known=any(old.digest == head.digest for old in entry.heads))
        left.append(head)
        size, lifetime = size + head.size, seconds_to_live(change.new)
    if left:
        fields += ["n", str(len(left))]
    tags = [{tag for head in heads for tag in head.stored.tags} for heads in (entry.heads, left)]
    bodies = {f"b{head.digest}" for head in change.gone} - {f"b{head.digest}" for head in left}
    dropped = [*(f"{kind}{head.number}" for head in change.gone for kind in "vx"), *bodies]
    return [
        key_bytes(key), entry.life, entry.epoch, entry.generation, f"{entry.life}:{new}",
        1000 * lifetime, size, *_counted(tags[0] - tags[1]), *_counted(tags[1] - tags[0]),
        *_counted(dropped), *fields,
    ]  # fmt: skip


def _counted(items: Sequence[str] | set[str]) -> list[str | int]:
    return [len(items), *items]


def _fields(head: Head, known: bool) -> list[str | bytes]:
    """The fields of a variant; its body is sent only when Redis does not have it yet."""
    stored = head.stored
    facts = [
        stored.headers, stored.etag, stored.lifetime.fresh, stored.lifetime.stale_while_revalidate,
        stored.lifetime.stale_if_error, stored.generated_at, stored.selecting, stored.build,
        stored.initial_age, stored.if_disconnected, stored.for_authorized,
    ]  # fmt: skip
    words = WORD.join((str(stored.status), head.digest, str(head.size), *stored.tags))
    fields: list[str | bytes] = [f"v{head.number}", words + _REST + json.dumps(facts)]
    if stored.invalidated:
        fields += [f"x{head.number}", "1"]
    if not known:
        fields += [f"b{head.digest}", stored.body]
    return fields


def seconds_to_live(stored: Stored) -> int:
    """How long Redis keeps a response: for its windows, and a while longer to be validated."""
    lifetime = stored.lifetime
    stale = max(lifetime.stale_while_revalidate, lifetime.stale_if_error, stored.if_disconnected)
    whole = lifetime.fresh + stale
    return whole + min(max(whole, _SHORTEST_MARGIN), _LONGEST_MARGIN)


def heads_from(fields: Fields) -> tuple[Head, ...]:
    """The variants in an entry's fields, the most recent first; raises ValueError when they are damaged."""
    heads = [
        _head(int(name[1:]), text.decode(), b"x" + name[1:] in fields)
        for name, text in fields.items()
        if name[:1] == b"v"
    ]
    return tuple(sorted(heads, key=lambda h: (h.stored.generated_at, h.number), reverse=True))


def _head(number: int, text: str, invalidated: bool) -> Head:
    words, _, rest = text.partition(_REST)
    status, digest, size, *tags = words.split(WORD)
    headers, etag, fresh, swr, sie, generated_at, selecting, build, age, disconnected, authorized = (
        json.loads(rest)
    )
    stored = Stored(
        status=int(status),
        headers=tuple((name, value) for name, value in headers),
        body=b"",
        etag=etag,
        lifetime=Lifetime(fresh, swr, sie),
        generated_at=generated_at,
        selecting=tuple((name, value) for name, value in selecting),
        tags=tuple(tags),
        invalidated=invalidated,
        build=build,
        initial_age=age,
        if_disconnected=disconnected,
        for_authorized=authorized,
    )
    return Head(number, stored, digest, int(size))


def variants_from(fields: Fields) -> tuple[Stored, ...]:
    """The whole responses in an entry's fields; raises ValueError when one is damaged."""
    variants = []
    for head in heads_from(fields):
        body = fields.get(f"b{head.digest}".encode())
        if body is None or digest_of(body) != head.digest:
            raise ValueError("a body does not match its digest")
        variants.append(replace(head.stored, body=body))
    return tuple(variants)


def entry_from(book: Fields, fields: Fields, purges: Sequence[bytes], since: int) -> Entry:
    """What ``scripts.HEADS`` answered; ``since`` is the epoch in which the render began."""
    epoch = int(book[b"epoch"])
    return Entry(
        life=book[b"id"].decode(),
        epoch=epoch,
        generation=fields.get(b"g", b"").decode(),
        heads=heads_from(fields),
        ranks={name[2:].decode(): int(rank) for name, rank in book.items() if name[:2] == b"r:"},
        purges=tuple(_purges(purges, since, epoch)),
    )


def _purges(members: Sequence[bytes], since: int, epoch: int) -> list[Purged]:
    """The purges after ``since``; those forgotten, or lost with an earlier life, are one of everything."""
    if since == epoch:
        return []
    later = [Purged(*json.loads(member[17:])) for member in members]
    is_complete = bool(members) and int(members[0][1:17]) == since + 1
    return later if is_complete else [Purged(tag=ALL), *later]


def purge_text(purge: Purged) -> str:
    """A purge as the index keeps it."""
    return json.dumps([purge.key, purge.tag, purge.hard])


def summaries_from(key: str, fields: Fields) -> list[Summary]:
    """What a listing shows of an entry."""
    return [summary(key, head.stored, head.size) for head in heads_from(fields)]


def digest_of(body: bytes) -> str:
    return blake2b(body, digest_size=16).hexdigest()


def key_bytes(key: str) -> bytes:
    """A key as Redis has it; keys may hold what is not Unicode."""
    return key.encode("utf-8", "surrogatepass")


def key_text(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")
