"""The two-user leak test: what is stored for everyone must be the same for everyone.

``WORLDS`` says who comes when. What anonymous visitors are sent in worlds of
their own is what everybody should be sent, but for what differs even there. A
difference counts when it shows a second time, between two worlds in which
nothing differs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from isrgen.caching.privacy import Read
from isrgen.check import findings
from isrgen.check.expected import Expected, Variant
from isrgen.check.target import Target
from isrgen.check.visitor import Cast
from isrgen.check.vocabulary import Vocabulary
from isrgen.check.worlds import BASELINE, CONTROL, WORLDS, Observation, Passed, Stage, World
from isrgen.errors import Problem


@dataclass(frozen=True, slots=True)
class LeakTest:
    """What the test came to: ``leaks`` are errors, ``private`` pages would like to be shared and cannot be.

    ``unsteady`` pages differ by themselves so much that they cannot be compared, ``partly`` only in
    some words. ``failed`` ones could not be rendered for somebody. ``routes`` counts those of which
    at least one page may be shared.
    """

    leaks: tuple[Problem, ...] = ()
    private: tuple[Problem, ...] = ()
    unsteady: tuple[Problem, ...] = ()
    partly: tuple[Problem, ...] = ()
    failed: tuple[Problem, ...] = ()
    routes: int = 0
    pages: int = 0
    visits: int = 0


@dataclass(frozen=True, slots=True)
class Difference:
    """Somebody was sent something else than was to be expected."""

    expected: Observation
    found: Observation
    passed: Passed


async def find_leaks(
    server: Path,
    site: Path,
    vocabulary: Vocabulary,
    cast: Callable[[Vocabulary], Cast],
    targets: Sequence[Target],
    *,
    now: float,
    report: Callable[[str], None] = lambda step: None,
) -> LeakTest:
    """Let everybody visit every target in every order; ``now`` is the time for all of them.

    Whatever was read under a name that nobody sends is sent from then on: by
    the worlds after the first, and where one of these brought it to light, by
    all of them once more.
    """
    stage = Stage(server, site, lambda: now, cast(vocabulary))
    for again in (False, True):
        worlds = await _all_worlds(stage, vocabulary, cast, targets, report)
        vocabulary = vocabulary.with_reads(_reads(worlds))
        if again or cast(vocabulary).secrets == stage.cast.secrets:
            break
    expected = Expected()
    expected.learn(worlds[0].observations)
    expected.learn(worlds[-1].observations)
    differences = _differences(expected, worlds[1:-1])
    if any(difference.found.given_away is None for difference in differences):
        report("Visiting once more what differed")
        differences = await _confirmed(stage, targets, expected, differences)
    return _result(site, targets, worlds, differences, expected)


async def _all_worlds(
    stage: Stage,
    vocabulary: Vocabulary,
    cast: Callable[[Vocabulary], Cast],
    targets: Sequence[Target],
    report: Callable[[str], None],
) -> list[Passed]:
    plan = (BASELINE, *WORLDS, CONTROL)
    worlds: list[Passed] = []
    for number, world in enumerate(plan, 1):
        report(f"Visiting {len(targets)} pages, order {number} of {len(plan)}")
        worlds.append(await stage.run(world, targets))
        if world is BASELINE:
            stage.known = {seen.url: seen.seen for seen in reversed(worlds[0].observations)}
            stage.cast = cast(vocabulary.with_reads(_reads(worlds)))
    return worlds


def _reads(worlds: Iterable[Passed]) -> Iterator[Read]:
    return (read for passed in worlds for step in passed.steps for read in step.render.reads)


def _differences(expected: Expected, worlds: Iterable[Passed]) -> list[Difference]:
    found = []
    for passed in worlds:
        for observation in passed.observations:
            variant = expected.of(observation) if observation.counts else None
            if variant is not None and not variant.is_like(observation):
                found.append(Difference(variant.first, observation, passed))
    return found


async def _confirmed(
    stage: Stage, targets: Sequence[Target], expected: Expected, differences: Sequence[Difference]
) -> list[Difference]:
    """Those that show again; what differs by itself is known better after two more controls."""
    again: list[Passed] = []
    for world in (CONTROL, *dict.fromkeys(one.found.world for one in differences), CONTROL):
        passed = await stage.run(world, targets)
        if world is CONTROL:
            expected.learn(passed.observations)
        else:
            again.append(passed)
    shown: set[tuple[str, World]] = {
        (one.found.url, one.found.world) for one in _differences(expected, again)
    }
    return [one for one in differences if _is_sure(one, expected, shown)]


def _is_sure(one: Difference, expected: Expected, shown: set[tuple[str, World]]) -> bool:
    if one.found.given_away is not None:
        return True
    variant = expected.of(one.found)
    return (
        variant is not None and not variant.is_like(one.found) and (one.found.url, one.found.world) in shown
    )


def _result(
    site: Path,
    targets: Sequence[Target],
    worlds: Sequence[Passed],
    differences: Sequence[Difference],
    expected: Expected,
) -> LeakTest:
    everything = [one for passed in worlds for one in passed.observations]
    leaks = _leaks(site, worlds, differences)
    doubtful: dict[str, Variant] = {}
    for variant in expected.all:
        name = _name(variant.first)
        if variant.steady.is_one or name in leaks:
            continue
        if name not in doubtful or not variant.steady.can_be_compared:
            doubtful[name] = variant
    return LeakTest(
        leaks=tuple(leaks.values()),
        private=_distinct(
            warning for passed in worlds for s in passed.steps for warning in s.render.warnings
        ),
        unsteady=tuple(findings.unsteady(one) for one in doubtful.values() if not one.steady.can_be_compared),
        partly=tuple(findings.partly(one) for one in doubtful.values() if one.steady.can_be_compared),
        failed=_distinct(findings.failures(everything)),
        routes=len({one.target.route.source for one in everything if one.counts}),
        pages=len(targets),
        visits=len(everything),
    )


def _leaks(site: Path, worlds: Sequence[Passed], differences: Sequence[Difference]) -> dict[str, Problem]:
    """One for each route: what is kept for everyone first, and what names its sender before what does not."""
    expected = {one.found: one.expected for one in differences}
    first = {one.url: one for one in reversed(worlds[0].observations)}
    leaks: dict[str, Problem] = {}
    told = [(passed, one) for passed in worlds for one in passed.observations if one.given_away is not None]
    for passed, one in sorted(told, key=lambda pair: not pair[1].counts):
        if _name(one) not in leaks:
            normal = expected.get(one) or first.get(one.url)
            leaks[_name(one)] = findings.given_away(one, normal, passed, site)
    for difference in differences:
        if _name(difference.found) not in leaks:
            leaks[_name(difference.found)] = findings.different(
                difference.found, difference.expected, difference.passed
            )
    return leaks


def _name(observation: Observation) -> str:
    return str(observation.target.route.pattern)


def _distinct(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(dict.fromkeys(problems))
