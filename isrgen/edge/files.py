"""The files of a store on disk, and whose they are: what is not shown to be ours is never touched.

A database of ours says so in its header (``application_id``), a lock file of
ours in its first line. Beside either, everything that is named like a file of
the store is the store's own; but the database of another program never is.
Where neither is there, nothing else may be.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from enum import Enum, auto
from pathlib import Path
from typing import Final
from urllib.parse import quote

from isrgen.edge.schema import APPLICATION_ID
from isrgen.errors import IsrgenError

_MARK: Final = b"isrgen edge store\n"
_SMALLEST: Final = 512
"""Bytes of the smallest database."""
_LOGS: Final = ("-wal", "-shm", "-journal")
_LOCK: Final = "-lock"
GENERATIONS: Final = "-generations"
_ROOM: Final = 16 * 1024 * 1024
_MISTAKES: Final = {
    errno.ENOTDIR: "is below a file",
    errno.ELOOP: "is a link that leads nowhere",
    errno.ENAMETOOLONG: "is too long a name",
    errno.EACCES: "may not be read",
    errno.EPERM: "may not be read",
}
_ELSEWHERE: Final = "It stays as it is. Name a file that is not there yet, such as disk:.isrgen/edge"


class Found(Enum):
    """What lies at a path; the last two are known for ours by what lies beside them alone."""

    NOTHING = auto()
    OURS = auto()
    EMPTY = auto()
    UNREADABLE = auto()


class _Header(Enum):
    ABSENT = auto()
    EMPTY = auto()
    OURS = auto()
    ANOTHER = auto()
    NONE = auto()


def real(path: Path) -> Path:
    """The path with links followed: one file has one set of files beside it, however it is called."""
    return Path(os.path.realpath(path))


def beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def expect(path: Path) -> None:
    """Raise IsrgenError if no store can be at a path because somebody made a mistake.

    What may mend itself, such as a disk that fails, is left to whoever uses the store.
    """
    try:
        look(path)
    except (OSError, sqlite3.Error) as fault:
        number = getattr(fault, "errno", None)
        mistake = _MISTAKES.get(number) if number else _unreadable(fault)
        if mistake:
            raise IsrgenError(f"{path} {mistake}.", "Name another file for the store.") from fault


def look(path: Path) -> Found:
    """What lies where a store is to be, and changes nothing; raises IsrgenError for what is not ours."""
    header = _header(path)
    marked = _is_marked(path)
    if header is _Header.ANOTHER:
        raise IsrgenError(f"{path} is the database of another program.", f"{_ELSEWHERE}.")
    if header is _Header.OURS:
        return Found.OURS
    if header is _Header.EMPTY:
        if not marked:
            raise IsrgenError(f"{path} is an empty file that isrgen did not make.", f"{_ELSEWHERE}.")
        return Found.EMPTY
    if header is _Header.NONE:
        if not marked:
            raise IsrgenError(f"{path} is no store of isrgen.", f"{_ELSEWHERE}.")
        return Found.UNREADABLE
    if not marked:
        _expect_no_other(path)
    return Found.NOTHING


@contextmanager
def alone(path: Path) -> Iterator[Found]:
    """What lies at the path, with no other store opening or removing it meanwhile.

    Raises what ``look`` raises before anything is made.
    """
    look(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = _locked(beside(path, _LOCK))
    try:
        yield look(path)
    finally:
        os.close(descriptor)


def remove(path: Path, found: Found) -> str:
    """Make room for a new store, within ``alone``; what was done, for the log.

    It only holds what can be rendered again. What is not known for ours by its
    own header is moved aside all the same.
    """
    aside = _aside(path)
    if found is Found.UNREADABLE:
        _expect_nothing(aside)
        path.rename(aside)
    for suffix in ("", *_LOGS):
        beside(path, suffix).unlink(missing_ok=True)
    return f"it was moved to {aside.name}" if found is Found.UNREADABLE else "it was removed"


def begin(path: Path) -> None:
    """An empty file where there is nothing or an empty one of ours, within ``alone``.

    SQLite lets go of logs beside an empty file: they belong to one that was removed.
    """
    if path.exists() and not path.stat().st_size:
        path.unlink()
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def has_room(path: Path) -> bool:
    """Whether the disk has something left for logs, and for whoever else writes there."""
    facts = os.statvfs(path.parent)
    return facts.f_bavail * facts.f_frsize >= min(_ROOM, facts.f_blocks * facts.f_frsize // 4)


def _header(path: Path) -> _Header:
    try:
        facts = path.stat()
    except FileNotFoundError:
        return _Header.ABSENT
    if stat.S_ISDIR(facts.st_mode):
        raise IsrgenError(f"{path} is a folder.", f"Name a file in it, such as disk:{path / 'edge'}.")
    if not stat.S_ISREG(facts.st_mode):
        raise IsrgenError(f"{path} is no file.", f"{_ELSEWHERE}.")
    if not facts.st_size:
        return _Header.EMPTY
    return _header_of(path) if facts.st_size >= _SMALLEST else _Header.NONE


def _header_of(path: Path) -> _Header:
    """What SQLite reads; a plain look would cost the locks that it has on the file in this process.

    An immutable file gets no log beside it and no lock. A checkpoint that is
    under way may leave a file shorter than it says, which only a writable
    schema lets pass; nothing is written either way.
    """
    place = f"file:{quote(os.fsencode(path))}?mode=ro&immutable=1"
    with closing(sqlite3.connect(place, uri=True)) as database:
        try:
            database.execute("PRAGMA writable_schema = ON")
            number = database.execute("PRAGMA application_id").fetchone()[0]
        except sqlite3.DatabaseError as fault:
            if not is_damage(fault):
                raise
            return _Header.NONE
    return _Header.OURS if number == APPLICATION_ID else _Header.ANOTHER


def is_damage(fault: sqlite3.DatabaseError) -> bool:
    return getattr(fault, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _unreadable(fault: Exception) -> str | None:
    code = getattr(fault, "sqlite_errorcode", 0) & 0xFF
    return _MISTAKES[errno.EACCES] if code == sqlite3.SQLITE_CANTOPEN else None


def _is_marked(path: Path) -> bool:
    """Whether a lock file of ours is beside it; raises IsrgenError for one that is not ours."""
    lock = beside(path, _LOCK)
    try:
        descriptor = os.open(lock, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError as fault:
        if fault.errno != errno.ELOOP:
            raise
        raise _foreign(lock) from fault
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode) or os.read(descriptor, len(_MARK)) != _MARK:
            raise _foreign(lock)
    finally:
        os.close(descriptor)
    return True


def _expect_no_other(path: Path) -> None:
    for suffix in (GENERATIONS, *_LOGS):
        # Another process may have begun the store since the mark was looked for.
        if os.path.lexists(beside(path, suffix)) and not _is_marked(path):
            raise _foreign(beside(path, suffix))


def _foreign(path: Path) -> IsrgenError:
    return IsrgenError(
        f"{path} is not of isrgen, and a store would need a file of that name.",
        f"{_ELSEWHERE}; or remove what is left of an older store.",
    )


def _aside(path: Path) -> Path:
    return beside(path, ".damaged")


def _expect_nothing(aside: Path) -> None:
    if os.path.lexists(aside):
        raise IsrgenError(
            f"The store on disk is damaged, and {aside.name} is there already.",
            "Remove both, or move them away.",
        )


def _locked(lock: Path) -> int:
    """A descriptor of the lock file that has the lock; the system gives it back when its holder dies."""
    while True:
        if not lock.exists():
            _mark(lock)
        with suppress(FileNotFoundError):
            descriptor = os.open(lock, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                if os.path.samestat(os.fstat(descriptor), lock.stat()):
                    return descriptor
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)


def _mark(lock: Path) -> None:
    """Make the lock file, never without its mark."""
    fresh = beside(lock, f"-{secrets.token_hex(4)}")
    try:
        with fresh.open("xb") as file:
            # Who may open it may hold the lock.
            os.fchmod(file.fileno(), 0o600)
            file.write(_MARK)
        try:
            os.link(fresh, lock)
        except FileExistsError:
            pass
        except OSError:
            # A file system without hard links.
            fresh.rename(lock)
    finally:
        fresh.unlink(missing_ok=True)
