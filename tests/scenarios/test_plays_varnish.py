"""The cache plays on a real Varnish, set up by hand: the reference for what our own edge owes.

A play that passes here and fails on ``isrgen serve`` is our fault; one that
asks for what Varnish lacks is not performed; ``LACKS`` has the reason.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import play as plays
import programs
import pytest
import stages
from origin import PlayOrigin
from stages import OriginStage, Pace

REFERENCE = Path(__file__).parent / "varnish" / "reference.vcl"

LACKS: Mapping[str, str] = MappingProxyType(
    {
        "recorded-reads": "a cache in front of an origin is not told what a page reads",
        "degraded": "an origin has no header that says its data is a fallback",
        "stale-if-error": "its one window, the grace, is stale-while-revalidate's",
        "one-process": "it has no back-off after a refresh that failed",
        "purge-epoch": "a render that a purge overtakes is kept as fresh",
        "query-normalised": "its key has the query's letters as they were sent",
        "draft": "a draft visitor is known to isrgen alone",
        "server": "X-Isrgen-* means nothing to it",
        "processes": "it is one process",
        "store-outage": "its store is its own memory",
    }
)

MEANS: Mapping[str, str] = MappingProxyType(
    {
        # It cannot tell why it missed; RFC 9211 section 2.2 has `miss` for that.
        "fwd=uri-miss": "fwd=miss",
        "fwd=vary-miss": "fwd=miss",
        "fwd=stale": "fwd=miss",
        # Who waited is told the same as who came later.
        "collapsed": "hit",
    }
)

HAS = frozenset({"purge-by-tag", "purge-by-path", "site-rules", "unsafe-invalidates"})

CAST = [path for path in plays.PLAYS if plays.load(path).needs <= HAS]


@pytest.fixture(scope="module")
def performed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, require: Callable[..., str]
) -> Mapping[str, Exception | None]:
    """What came of each play that this run asks for."""
    require("varnish")
    require("varnish-modules", next(Path("/usr/lib").glob("*/varnish/vmods/libvmod_xkey.so"), None))
    wanted = stages.wanted(request.session, "test_varnish_plays")
    with PlayOrigin() as origin:
        varnish = programs.varnish(tmp_path_factory.mktemp("varnish"), REFERENCE, origin.port)

        async def purge(kind: str, name: str, hard: bool) -> None:
            headers = [("X-Purge-Key", name if kind == "tag" else f"path:{name}")]
            headers += [] if hard else [("X-Purge-Soft", "1")]
            reply = await stages.request(varnish.port, "PURGE", "/", headers)
            assert reply.status == 204, reply

        async def enter(_: object, hall: str, pace: Pace) -> OriginStage:
            return OriginStage(varnish.port, origin, hall, pace, MEANS, purge)

        try:
            return asyncio.run(stages.perform_all(wanted, enter))
        finally:
            varnish.end()


@pytest.mark.parametrize("path", CAST, ids=lambda path: path.stem)
def test_varnish_plays(path: Path, performed: Mapping[str, Exception | None]) -> None:
    error = performed[path.stem]
    if error is not None:
        raise error


def test_every_play_is_performed_or_has_a_reason_not_to_be() -> None:
    needed = {need for path in plays.PLAYS for need in plays.load(path).needs}
    assert needed == LACKS.keys() | HAS
