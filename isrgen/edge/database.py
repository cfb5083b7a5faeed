"""Stored responses in SQLite: the statements, each a transaction, none of them asynchronous.

Bodies lie in a table of their own, so that a page that came out the same is
refreshed by one small write. Every body is checked against its digest when it
is read.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from isrgen.caching.freshness import lies_ahead
from isrgen.caching.invalidation import ALL
from isrgen.caching.keys import compatible
from isrgen.caching.policy import MAX_VARIANTS
from isrgen.caching.settle import PRIVATE_SECONDS, Rank, may_replace, purged
from isrgen.caching.stored import HeaderPairs, Stored
from isrgen.edge import files
from isrgen.edge.purge import REMEMBERED, Purged, verdict
from isrgen.edge.schema import COLUMNS, Row, digest_of, prepare, row_of, stored_from, summary_from
from isrgen.edge.store import Lease, Summary, Usage

_SLACK: Final = 128 * 1024
"""Bytes that a response takes beside its body and its headers, at the most."""

_PREFIX: Final = "(key = :key OR (key >= :key || '?' AND key < :key || '@'))"
"""A key and all that go on with ``?``; ``@`` is the next character."""


class Database:
    """One connection, for one thread; ``has_room`` is asked about the disk that the file lies on."""

    def __init__(self, path: Path, limit: int, has_room: Callable[[Path], bool] = files.has_room) -> None:
        self._path = path
        self._limit = limit
        self._has_room = has_room
        self._db = sqlite3.connect(path, timeout=5.0, isolation_level=None, check_same_thread=False)
        try:
            prepare(self._db)
        except BaseException:
            self._db.close()
            raise

    def get(self, key: str) -> tuple[list[Stored], bool]:
        """The variants of a key that are whole, and whether all are."""
        found = [self._whole(row) for row in self._rows(key)]
        variants = [stored for stored in found if stored is not None]
        return variants, len(variants) == len(found)

    def mend(self, key: str) -> bool:
        """Remove the variants of a key that are damaged; whether there were any."""
        with self._transaction():
            damaged = [row[0] for row in self._rows(key) if self._whole(row) is None]
            for number in damaged:
                self._remove(number)
        return bool(damaged)

    def put(self, key: str, stored: Stored, epoch: int) -> bool:
        with self._transaction():
            hit, hard = verdict(self._purges_since(epoch), key, stored.tags)
            kept = purged(stored, hard) if hit else stored
            replaced = []
            for number, old in self._heads(key):
                if not may_replace(stored, old, self._rank(stored.build, old.build)):
                    return False
                if compatible(stored.selecting, old.selecting):
                    replaced.append((number, old))
            if kept is None:
                return False
            if kept.size > self._limit:
                for number, _ in replaced:
                    self._remove(number)
                return False
            self._write(key, kept, replaced)
            self._bound(key)
            self._stay(kept.size)
        return True

    def delete(self, key: str, selecting: HeaderPairs | None) -> None:
        with self._transaction():
            for number, stored in self._heads(key):
                if selecting is None or stored.selecting == selecting:
                    self._remove(number)

    def epoch(self) -> int:
        return int(self._db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'purges'").fetchone()[0])

    def announce(self, build: str) -> None:
        with self._transaction():
            self._db.execute("DELETE FROM builds WHERE build = ?", (build,))
            self._db.execute("INSERT INTO builds (build) VALUES (?)", (build,))
            self._db.execute("DELETE FROM builds WHERE rank <= (SELECT max(rank) FROM builds) - 100")

    def invalidate(self, purge: Purged) -> list[str]:
        """Note a purge, and carry it out; the keys that hold some of it still."""
        if purge.tag == ALL:
            where = "1"
        elif purge.tag:
            where = "id IN (SELECT id FROM tags WHERE tag = :tag)"
        else:
            where = _PREFIX
        with self._transaction():
            self._db.execute(
                "INSERT INTO purges (key, tag, hard) VALUES (?, ?, ?)", (purge.key, purge.tag, purge.hard)
            )
            self._db.execute(
                "DELETE FROM purges WHERE epoch <= (SELECT max(epoch) FROM purges) - ?", (REMEMBERED,)
            )
            rows = self._db.execute(
                f"SELECT id, key, status FROM entries WHERE {where}",  # noqa: S608
                {"key": purge.key, "tag": purge.tag},
            ).fetchall()
            left = set()
            for number, key, status in rows:
                if purge.hard or status == 404:
                    self._remove(number)
                else:
                    self._db.execute("UPDATE entries SET invalidated = 1 WHERE id = ?", (number,))
                    left.add(key)
        return sorted(left)

    def acquire(self, key: str, owner: str, now: float, seconds: float) -> Lease:
        with self._transaction():
            self._db.execute("DELETE FROM leases WHERE max(until, private_until) < ?", (now,))
            row = self._db.execute(
                "SELECT owner, until, private_until FROM leases WHERE key = ?", (key,)
            ).fetchone()
            if row is not None and lies_ahead(row[2], now, PRIVATE_SECONDS):
                return Lease.PRIVATE
            # A lease that ends implausibly late was taken before the clock was set back.
            if row is not None and row[0] not in ("", owner) and now < row[1] <= now + 10 * seconds:
                return Lease.TAKEN
            self._db.execute("INSERT OR REPLACE INTO leases VALUES (?, ?, ?, 0)", (key, owner, now + seconds))
        return Lease.MINE

    def release(self, key: str, owner: str, private_until: float) -> None:
        with self._transaction():
            if private_until:
                self._db.execute(
                    "UPDATE leases SET owner = '', until = 0, private_until = ? WHERE key = ? AND owner = ?",
                    (private_until, key, owner),
                )
            else:
                self._db.execute("DELETE FROM leases WHERE key = ? AND owner = ?", (key, owner))

    def keys(self, prefix: str, limit: int) -> list[str]:
        rows = self._db.execute(
            "SELECT DISTINCT key FROM entries WHERE substr(key, 1, ?) = ? ORDER BY key LIMIT ?",
            (len(prefix), prefix, limit),
        )
        return [row[0] for row in rows]

    def summaries(self, prefix: str, limit: int) -> list[Summary]:
        rows = self._db.execute(
            f"SELECT {COLUMNS} FROM entries WHERE substr(key, 1, ?) = ?"  # noqa: S608
            " ORDER BY key, generated_at DESC, id DESC LIMIT ?",
            (len(prefix), prefix, limit),
        )
        return [summary_from(row) for row in rows]

    def usage(self) -> Usage:
        entries = self._db.execute("SELECT count(*) FROM entries").fetchone()[0]
        return Usage(entries, self._counter("bytes"))

    def touch(self, keys: set[str]) -> None:
        """Note that these keys were asked for, so that they are not the first to go."""
        with self._transaction():
            moment = self._tick()
            self._db.executemany("UPDATE entries SET used = ? WHERE key = ?", [(moment, k) for k in keys])

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def _rows(self, key: str) -> list[Row]:
        return self._db.execute(
            f"SELECT {COLUMNS} FROM entries WHERE key = ? ORDER BY generated_at DESC, id DESC",  # noqa: S608
            (key,),
        ).fetchall()

    def _heads(self, key: str) -> list[tuple[int, Stored]]:
        """The variants of a key without their bodies; what cannot be read is let go."""
        heads = []
        for row in self._rows(key):
            try:
                heads.append((row[0], stored_from(row, b"")))
            except (ValueError, TypeError):
                self._remove(row[0])
        return heads

    def _whole(self, row: Row) -> Stored | None:
        body = self._db.execute("SELECT body FROM bodies WHERE id = ?", (row[0],)).fetchone()
        try:
            if body is None or digest_of(body[0]) != row[16]:
                return None
            return stored_from(row, body[0])
        except (ValueError, TypeError):
            return None

    def _write(self, key: str, stored: Stored, replaced: list[tuple[int, Stored]]) -> None:
        digest = digest_of(stored.body)
        same = next((number for number, _ in replaced if self._digest(number) == digest), None)
        for number, _ in replaced:
            self._remove(number, keep_body=number == same)
        values = (same, *row_of(key, stored, digest), self._tick())
        marks = ", ".join("?" * len(values))
        new = self._db.execute(
            f"INSERT INTO entries ({COLUMNS}, used) VALUES ({marks})",  # noqa: S608
            values,
        ).lastrowid
        if same is None:
            self._db.execute("INSERT OR REPLACE INTO bodies VALUES (?, ?)", (new, stored.body))
        self._db.executemany("INSERT OR IGNORE INTO tags VALUES (?, ?)", [(tag, new) for tag in stored.tags])
        self._add("bytes", stored.size)

    def _digest(self, number: int) -> bytes:
        return bytes(self._db.execute("SELECT digest FROM entries WHERE id = ?", (number,)).fetchone()[0])

    def _remove(self, number: int, *, keep_body: bool = False) -> None:
        row = self._db.execute("SELECT size FROM entries WHERE id = ?", (number,)).fetchone()
        self._db.execute("DELETE FROM entries WHERE id = ?", (number,))
        self._db.execute("DELETE FROM tags WHERE id = ?", (number,))
        if not keep_body:
            self._db.execute("DELETE FROM bodies WHERE id = ?", (number,))
        self._add("bytes", -row[0] if row else 0)

    def _bound(self, key: str) -> None:
        """Let go of variants beyond the limit, and of what was used longest ago."""
        over = self._db.execute(
            "SELECT id FROM entries WHERE key = ? ORDER BY used DESC LIMIT -1 OFFSET ?", (key, MAX_VARIANTS)
        ).fetchall()
        for (number,) in over:
            self._remove(number)
        while self._counter("bytes") > self._limit and self._remove_oldest():
            pass

    def _stay(self, size: int) -> None:
        """On a disk with little room left, see to it that the file need not grow for the next ``size`` bytes.

        Once the last of it is taken, nothing can be removed either: that takes room in the log.
        """
        if not self._has_room(self._path):
            page = self._pragma("page_size")
            while self._pragma("freelist_count") * page < size + _SLACK and self._remove_oldest():
                pass

    def _remove_oldest(self) -> bool:
        """Let go of what was used longest ago, but for the newest; whether there was any."""
        rows = self._db.execute(
            "SELECT id FROM entries WHERE used < (SELECT max(used) FROM entries) ORDER BY used LIMIT 1"
        ).fetchall()
        for (number,) in rows:
            self._remove(number)
        return bool(rows)

    def _pragma(self, name: str) -> int:
        return int(self._db.execute(f"PRAGMA {name}").fetchone()[0])

    def _purges_since(self, epoch: int) -> list[Purged]:
        """The purges after ``epoch``; those forgotten, or lost with another file, are one of everything."""
        last = self.epoch()
        if epoch == last:
            return []
        rows = self._db.execute(
            "SELECT epoch, key, tag, hard FROM purges WHERE epoch > ? ORDER BY epoch",
            (epoch if epoch < last else 0,),
        ).fetchall()
        later = [Purged(key, tag, bool(hard)) for _, key, tag, hard in rows]
        is_complete = bool(rows) and rows[0][0] == epoch + 1
        return later if is_complete else [Purged(tag=ALL), *later]

    def _rank(self, new: str, old: str) -> Rank:
        ranks = dict(
            self._db.execute("SELECT build, rank FROM builds WHERE build IN (?, ?)", (new, old)).fetchall()
        )
        return Rank(ranks.get(new, 0), ranks.get(old, 0))

    def _tick(self) -> int:
        self._add("clock", 1)
        return self._counter("clock")

    def _counter(self, name: str) -> int:
        return int(self._db.execute("SELECT value FROM counters WHERE name = ?", (name,)).fetchone()[0])

    def _add(self, name: str, amount: int) -> None:
        self._db.execute("UPDATE counters SET value = value + ? WHERE name = ?", (amount, name))
