"""The orders in which visitors come.

A page that remembers its first visitor shows that only to those who come
after. So every world is a new server, which has never been asked anything,
and visitors come to it one after the other, each to every page, before the
next one comes. ``WORLDS`` is the whole plan.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from isrgen.caching.keys import selecting_fields
from isrgen.check.comparing import mentions
from isrgen.check.remembered import Place, holders, memoised
from isrgen.check.target import Target
from isrgen.check.visitor import Cast, Secret, Visitor
from isrgen.check.visits import Rendered, Seen, Visits, visited


@dataclass(frozen=True, slots=True)
class World:
    """``visitors`` are names of the ``Cast``'s; ``together``: all ask at once, page by page, and again."""

    visitors: tuple[str, ...]
    edge: bool = False
    together: bool = False


BASELINE: Final = World(("anonymous", "anonymous", "german", "german"))
"""Visitors who send nothing of their own: what they are sent is what everybody should be sent."""

CONTROL: Final = World(("anonymous", "anonymous", "german"))
"""The same again, after all the others: a page that differs here differs by itself."""

WORLDS: Final = (
    World(("user_a", "token_a", "anonymous", "host", "device", "query", "german")),
    World(("user_b", "token_b", "user_a", "german", "anonymous")),
    World(("token_a", "user_b", "anonymous")),
    World(("user_a", "anonymous", "user_b", "german"), edge=True),
    World(("stranger", "token_b", "german", "anonymous"), edge=True),
    World(("token_a", "anonymous", "user_b", "anonymous"), together=True),
)


@dataclass(frozen=True, slots=True)
class Secretive:
    """A secret that somebody was sent who should not know it, and the names that hold it."""

    secret: Secret
    sender: Visitor
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """What one visitor was sent for one target, after ``before`` had been there."""

    target: Target
    visitor: Visitor
    seen: Seen
    world: World
    before: tuple[Visitor, ...] = ()
    given_away: Secretive | None = None

    @property
    def url(self) -> str:
        return self.target.url

    @property
    def counts(self) -> bool:
        """Whether it is a page of the site's code that a cache would keep for everyone."""
        return self.seen.is_shared and self.seen.whole and bool(self.seen.renders or self.seen.is_hit)

    @property
    def selecting(self) -> tuple[tuple[str, str], ...]:
        """What selects this variant among those of its URL."""
        names = [name.strip() for name in self.seen.header("vary").split(",") if name.strip()]
        return selecting_fields(names, self.visitor.headers)


@dataclass(frozen=True, slots=True)
class Step:
    """Something that was rendered for somebody on the way."""

    visitor: Visitor
    target: Target
    render: Rendered


@dataclass(slots=True)
class Passed:
    """A world that has come to its end."""

    world: World
    observations: list[Observation] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    memos: tuple[Place, ...] = ()


@dataclass(slots=True)
class Stage:
    """Where worlds take place: the built server, its site, one moment of time, and what was told so far.

    ``known`` is what anonymous visitors were sent in the beginning: a text that is in it is no secret.
    """

    server: Path
    site: Path
    clock: Callable[[], float]
    cast: Cast
    known: dict[str, Seen] = field(default_factory=dict)
    told: set[tuple[str, str]] = field(default_factory=set)

    async def run(self, world: World, targets: Sequence[Target]) -> Passed:
        """Let the visitors of a world come."""
        passed = Passed(world)
        people = [getattr(self.cast, name) for name in world.visitors]
        async with visited(self.server, self.site, edge=world.edge, clock=self.clock) as visits:
            if world.together:
                for target in targets:
                    # Whoever comes last may be the one whom all are taken for.
                    await self._together(visits, passed, target, people)
                    await self._together(visits, passed, target, people[::-1])
            else:
                for index, visitor in enumerate(people):
                    for target in targets:
                        seen = await _ask(visits, target, visitor)
                        self._note(passed, target, visitor, seen, tuple(people[:index]))
            passed.memos = tuple(memoised(self.server))
        return passed

    async def _together(
        self, visits: Visits, passed: Passed, target: Target, people: Sequence[Visitor]
    ) -> None:
        found = await asyncio.gather(*(_ask(visits, target, visitor) for visitor in people))
        for visitor, seen in zip(people, found, strict=True):
            others = tuple(other for other in people if other is not visitor)
            self._note(passed, target, visitor, seen, others)

    def _note(
        self, passed: Passed, target: Target, visitor: Visitor, seen: Seen, before: tuple[Visitor, ...]
    ) -> None:
        passed.steps.extend(Step(visitor, target, render) for render in seen.renders)
        observation = Observation(target, visitor, seen, passed.world, before)
        given = self._given_away(observation)
        passed.observations.append(
            Observation(target, visitor, seen, passed.world, before, given) if given else observation
        )

    def _given_away(self, observation: Observation) -> Secretive | None:
        """A secret in what was sent that is not this visitor's own to see."""
        seen, visitor = observation.seen, observation.visitor
        known = self.known.get(observation.url)
        chosen = " ".join(value for _, value in observation.selecting)
        for sender in (*observation.before, visitor):
            if not observation.counts and _is_one_person(sender, visitor):
                continue
            for secret in sender.secrets:
                if not mentions(seen, secret.value) or secret.value.lower() in chosen.lower():
                    continue
                if known is None or not mentions(known, secret.value):
                    return Secretive(secret, sender, self._places(observation, secret))
        return None

    def _places(self, observation: Observation, secret: Secret) -> tuple[Place, ...]:
        """Looked for once a route and secret, while the server still lives."""
        one = (str(observation.target.route.pattern), secret.value)
        if one in self.told:
            return ()
        self.told.add(one)
        return tuple(holders(secret.value, self.server))


async def _ask(visits: Visits, target: Target, visitor: Visitor) -> Seen:
    return await visits.get(target.path, visitor, target.asked(visitor.query), patiently=False)


def _is_one_person(one: Visitor, other: Visitor) -> bool:
    return one is other or bool(one.person and one.person == other.person) or one.secrets == other.secrets
