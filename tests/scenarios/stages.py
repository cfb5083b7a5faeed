"""What stages over sockets share: a request, and plays that are performed side by side.

Plays are mostly waiting, so that many are performed at the same time on one
cache. Each has a part of the URL space to itself, its *hall*: what it calls
``/`` is ``/HALL/`` there, and its tag ``blog`` is ``HALL.blog``.
"""

from __future__ import annotations

import asyncio
import http.client
import io
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field

import play as plays
import pytest
from origin import PlayOrigin
from play import Behaviour, Play, Reply, Stage

SIDE_BY_SIDE = 12
ATTEMPTS = 3
LATE = 0.25
"""Seconds by which a machine may be late before what a play saw says nothing of the cache."""


@dataclass
class Pace:
    """Whether time passed as a play asked for it, in its waits and in all that came between them."""

    began: float = field(default_factory=time.monotonic)
    asked: float = 0.0

    @property
    def late(self) -> bool:
        return time.monotonic() - self.began - self.asked > LATE

    async def wait(self, seconds: float) -> None:
        # A request that was started has to be on its way before the next step.
        seconds = seconds or 0.1
        self.asked += seconds
        await asyncio.sleep(seconds)


class _Bytes:
    """What ``http.client`` wants of a socket, for bytes that were read already."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, mode: str) -> io.BytesIO:
        assert mode == "rb"
        return io.BytesIO(self._data)


async def request(
    port: int, method: str, path: str, headers: Iterable[tuple[str, str]], body: bytes | None = None
) -> Reply:
    """One request on a connection of its own."""
    began = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        lines = [f"{method} {path} HTTP/1.1", "Host: example.org", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in headers]
        lines += [f"Content-Length: {len(body)}"] if body is not None else []
        writer.write("\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b""))
        data = await asyncio.wait_for(reader.read(), 30)
    except ConnectionError:
        data = b""
    finally:
        writer.close()
    return _parsed(method, data, time.monotonic() - began)


def _parsed(method: str, data: bytes, seconds: float) -> Reply:
    response = http.client.HTTPResponse(_Bytes(data), method=method)  # type: ignore[arg-type]
    try:
        response.begin()
        text = response.read().decode()
    except (http.client.HTTPException, ConnectionError):
        return Reply(0, seconds=seconds)
    finally:
        response.close()
    return Reply(response.status, {k.lower(): v for k, v in response.getheaders()}, text, seconds)


@dataclass
class OriginStage:
    """One hall of ``origin``, through the cache at ``port``; ``purging`` is given the tag or path, whole."""

    port: int
    origin: PlayOrigin
    hall: str
    pace: Pace
    means: Mapping[str, str]
    purging: Callable[[str, str, bool], Awaitable[None]]

    async def behave(self, behaviour: Behaviour) -> None:
        self.origin.halls[self.hall].behave(behaviour)

    async def request(self, method: str, path: str, headers: list[tuple[str, str]]) -> Reply:
        return await request(self.port, method, f"/{self.hall}{path}", headers)

    async def wait(self, seconds: float) -> None:
        await self.pace.wait(seconds)

    async def purge(self, kind: str, name: str, hard: bool) -> None:
        await self.purging(kind, f"{self.hall}.{name}" if kind == "tag" else f"/{self.hall}{name}", hard)

    async def renders(self) -> int:
        return self.origin.halls[self.hall].renders

    async def draft(self) -> str:
        raise NotImplementedError

    async def kill(self) -> None:
        raise NotImplementedError

    async def store_there(self, there: bool) -> None:
        raise NotImplementedError


async def perform(play: Play, enter: Callable[[str, Pace], Awaitable[Stage]]) -> Exception | None:
    """What comes of a play in a hall of its own; again in another one where the machine was late.

    ``enter`` is given the hall's name.
    """
    error: Exception | None = None
    for attempt in range(ATTEMPTS):
        pace = Pace()
        try:
            await plays.run(play, await enter(f"{play.name}-{attempt}", pace))
        except Exception as raised:
            # A play that breaks tells of itself; the others go on.
            error = raised
            if not pace.late:
                break
        else:
            return None
    return error


async def perform_all(
    wanted: Iterable[Play], enter: Callable[[Play, str, Pace], Awaitable[Stage]]
) -> dict[str, Exception | None]:
    """What came of each play, by its name.

    Those that purge come last and one by one: who asks for a page after a purge,
    of whatever, does not join a render that began before it.
    """
    places = asyncio.Semaphore(SIDE_BY_SIDE)
    found: dict[str, Exception | None] = {}

    async def one(play: Play) -> None:
        async with places:
            found[play.name] = await perform(play, lambda hall, pace: enter(play, hall, pace))

    cast = sorted(wanted, key=_purges)
    await asyncio.gather(*(one(play) for play in cast if not _purges(play)))
    for play in cast:
        if _purges(play):
            await one(play)
    return found


def _purges(play: Play) -> bool:
    return any(step.verb == "purge" for step in play.steps)


def wanted(session: pytest.Session, test: str, **of: object) -> list[Play]:
    """The plays that this run asks of a test, with these parameters."""
    functions = (item for item in session.items if isinstance(item, pytest.Function))
    asked = [item.callspec.params for item in functions if item.originalname == test]
    return [plays.load(params["path"]) for params in asked if of.items() <= params.items()]
