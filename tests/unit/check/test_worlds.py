"""The orders in which visitors come."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from isrgen import config
from isrgen.build import build
from isrgen.check.target import Target, can_be_read, filled
from isrgen.check.visitor import Cast, cast
from isrgen.check.vocabulary import Vocabulary
from isrgen.check.worlds import BASELINE, CONTROL, WORLDS, Passed, Stage, World

from .conftest import NOW

PAGE = """
from isrgen import Response
cache = "hourly"
asked = []
def loader(request):
    asked.append(request.headers.get("accept-language"))
    return Response(f"{request.headers.get('accept-language')} {len(asked)}")
"""


@pytest.fixture
def play(tmp_path: Path, make_site: Callable[[Mapping[str, str]], Path]) -> Callable[[World], Passed]:
    """``play(world)`` lets its visitors come to a site of one page."""
    site, out = make_site({"content/index+ssr.py": PAGE}), tmp_path / "built"
    built = build(config.load(site), out=out, now=datetime.fromtimestamp(NOW, UTC), jobs=1)
    targets: list[Target] = [filled(route, {}) for route in built.manifest.routes if can_be_read(route)]
    stage = Stage(out / "server", site, lambda: NOW, cast("https://example.org", Vocabulary()))
    return lambda world: asyncio.run(stage.run(world, targets))


def bodies(passed: Passed) -> list[str]:
    return [one.seen.body.decode() for one in passed.observations]


def test_every_world_is_a_new_server(play: Callable[[World], Passed]) -> None:
    assert bodies(play(CONTROL)) == ["en 1", "en 2", "de-at, de;q=0.9 3"]
    assert bodies(play(CONTROL)) == ["en 1", "en 2", "de-at, de;q=0.9 3"]


def test_with_the_edge_a_visitor_is_sent_what_was_made_for_another(play: Callable[[World], Passed]) -> None:
    passed = play(World(("user_a", "anonymous", "user_b", "german"), edge=True))
    assert bodies(passed) == ["en 1", "en 1", "de-at, de;q=0.9 2", "de-at, de;q=0.9 2"]
    assert [one.seen.is_hit for one in passed.observations] == [False, True, False, True]
    assert all(one.counts for one in passed.observations)
    assert len({one.selecting for one in passed.observations}) == 2


def test_what_bypasses_the_cache_does_not_count(play: Callable[[World], Passed]) -> None:
    passed = play(World(("token_a", "anonymous"), edge=True))
    assert [one.counts for one in passed.observations] == [False, True]


def test_those_who_come_together_come_once_more_in_the_other_order(play: Callable[[World], Passed]) -> None:
    passed = play(World(("anonymous", "german"), together=True))
    names = [one.visitor.name for one in passed.observations]
    assert names == ["an anonymous visitor", "a visitor who reads German", *names[1::-1]]
    assert all(len(one.before) == 1 for one in passed.observations)


def test_every_visitor_of_the_plan_is_in_the_cast_and_every_user_comes_first_once() -> None:
    named = {name for world in (BASELINE, *WORLDS, CONTROL) for name in world.visitors}
    assert named == set(Cast.__slots__)
    assert {"user_a", "user_b"} <= {world.visitors[0] for world in WORLDS}
    assert {world.edge for world in WORLDS} == {True, False}
