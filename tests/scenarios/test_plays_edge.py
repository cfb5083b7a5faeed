"""The cache plays on ``isrgen edge`` and on ``EdgeCache``, in front of an origin that is no site of ours.

There an origin's headers are all that is known, and they are taken by the
letter of RFC 9111: what a site's routes say besides is in ``LACKS``.
"""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import MappingProxyType

import play as plays
import programs
import pytest
import stages
import uvicorn
from origin import PlayOrigin
from stages import OriginStage, Pace

from isrgen import EdgeCache

TOKEN = "the token of the plays"
HAS = frozenset(
    {"purge-by-tag", "purge-by-path", "purge-epoch", "stale-if-error", "one-process", "unsafe-invalidates"}
)
LACKS: Mapping[str, str] = MappingProxyType(
    {
        "site-rules": "no route says which cookies bypass, which parameters count, or that an order is meant",
        "query-normalised": "its key has the query's letters as they were sent",
        "recorded-reads": "what an application reads is not recorded",
        "degraded": "an origin has no header that says its data is a fallback",
        "draft": "a draft visitor is known to a site's server alone",
        "server": "X-Isrgen-* means nothing to an origin",
        "processes": "it is one process",
        "store-outage": "its store is its own memory",
    }
)
CAST = [path for path in plays.PLAYS if plays.load(path).needs <= HAS]

# What is private stays in the origin's own words; what counts is that it is not kept.
MEANS: Mapping[str, str] = MappingProxyType({"private": "unstored"})


@contextmanager
def command(origin: PlayOrigin, folder: Path) -> Iterator[int]:
    """``isrgen edge`` in front of the origin; its port."""
    arguments = ["edge", "--origin", f"http://127.0.0.1:{origin.port}"]
    program = programs.isrgen(folder, *arguments, ISRGEN_TOKEN=TOKEN)
    try:
        yield program.port
    finally:
        program.end()


@contextmanager
def around(origin: PlayOrigin, _: Path) -> Iterator[int]:
    """``EdgeCache`` around the same pages as an application, under uvicorn; its port."""
    config = uvicorn.Config(EdgeCache(origin.application, token=TOKEN), log_level="warning", lifespan="on")
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listening:
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            yield int(listening.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join(15)


OPEN = {"isrgen edge": command, "EdgeCache": around}


async def perform(wanted: list[plays.Play], origin: PlayOrigin, port: int) -> Mapping[str, Exception | None]:
    async def purge(kind: str, name: str, hard: bool) -> None:
        order = {"tags": [name], "hard": hard} if kind == "tag" else {"paths": [name], "hard": hard}
        headers = [("Authorization", f"Bearer {TOKEN}")]
        reply = await stages.request(port, "POST", "/_isrgen/revalidate", headers, json.dumps(order).encode())
        assert reply.status == 200, reply

    async def enter(_: object, hall: str, pace: Pace) -> OriginStage:
        return OriginStage(port, origin, hall, pace, MEANS, purge)

    return await stages.perform_all(wanted, enter)


@pytest.fixture(scope="module")
def performed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Mapping[str, Exception | None]]:
    """What came of each play that this run asks for, in one arrangement."""

    @cache
    def come_of(arrangement: str) -> Mapping[str, Exception | None]:
        wanted = stages.wanted(request.session, "test_the_edge_plays", arrangement=arrangement)
        with PlayOrigin() as origin, OPEN[arrangement](origin, tmp_path_factory.mktemp("edge")) as port:
            return asyncio.run(perform(wanted, origin, port))

    return come_of


@pytest.mark.parametrize("arrangement", OPEN)
@pytest.mark.parametrize("path", CAST, ids=lambda path: path.stem)
def test_the_edge_plays(
    path: Path, arrangement: str, performed: Callable[[str], Mapping[str, Exception | None]]
) -> None:
    error = performed(arrangement)[path.stem]
    if error is not None:
        raise error


def test_every_play_is_performed_or_has_a_reason_not_to_be() -> None:
    needed = {need for path in plays.PLAYS for need in plays.load(path).needs}
    assert needed == LACKS.keys() | HAS
