"""What a leak test found, in words: what is sent to whom, where it was read, what keeps it, the way out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from isrgen.caching.privacy import Read, What
from isrgen.check.comparing import difference
from isrgen.check.expected import Variant
from isrgen.check.remembered import Place, past_the_recorder
from isrgen.check.worlds import Observation, Passed, Secretive, Step
from isrgen.errors import Problem

_MEND: Final = (
    "Hand what belongs to a visitor on as an argument, and keep nothing of it at the top of a module, in a\n"
    "class, or under a key that does not hold everything it was made of."
)
_UNSTEADY: Final = (
    "It was only searched for what other visitors sent, and none of that is in it. Let a page depend on its\n"
    "address and the site's data alone, and show the time or chance in the browser."
)
_MOST_NAMED: Final = 3

_READ: Final = {
    What.COOKIE: "the cookie `{}`",
    What.ALL_COOKIES: "all cookies",
    What.HEADER: "the header `{}`",
    What.ALL_HEADERS: "all headers",
    What.QUERY: "the query parameter `{}`",
    What.ALL_QUERY: "all query parameters",
    What.CLIENT: "the address",
    What.ANOTHER_REQUEST: "another visitor's request",
}


def given_away(found: Observation, expected: Observation | None, passed: Passed, site: Path) -> Problem:
    """The page has in it what one visitor sent."""
    assert found.given_away is not None  # noqa: S101
    told, url = found.given_away, found.url
    if found.counts:
        message = f"{url} is kept for everyone and holds what {told.sender.name} sent: {told.secret.words}."
    else:
        message = f"{url} shows {found.visitor.name} what {told.sender.name} sent: {told.secret.words}."
    step = _reader(told, found, passed.steps)
    skipped = [] if step else past_the_recorder(site)
    hints = [_how_it_was_read(step, skipped, found), *_kept_in(told.places)]
    if expected is not None:
        hints += difference(expected.seen, found.seen, (expected.visitor.name, _after(found)))
    file, line = _where(step, skipped, told.places, found)
    return Problem(message, "\n".join((*hints, _MEND)), file=file, line=line)


def different(found: Observation, expected: Observation, passed: Passed) -> Problem:
    """The page is not the same for everyone, and holds nothing that was sent as it was sent."""
    message = f"{found.url} is kept for everyone and is not the same for everyone."
    reads = list(_private_reads(found, passed.steps))
    hints = []
    if reads:
        read = ", ".join(f"{_where_read(one)} ({_READ[one.what].format(one.name)})" for one in reads)
        hints.append(f"What was read of the visitors before: {read}.")
    if passed.memos:
        named = ", ".join(map(str, passed.memos[:_MOST_NAMED]))
        hints.append(f"These functions remember what they gave: {named}.")
    hints += difference(expected.seen, found.seen, (expected.visitor.name, _after(found)))
    first = reads[0] if reads else None
    file, line = (first.file, first.line or None) if first else (_source(found), None)
    return Problem(message, "\n".join((*hints, _MEND)), file=file, line=line)


def unsteady(variant: Variant) -> Problem:
    """The page differs by itself, beyond comparison."""
    one, other = variant.first, variant.other
    message = f"{one.url} cannot be compared: it is not the same twice for one and the same visitor."
    lines = difference(one.seen, other.seen, ("once", "once more"))
    return Problem(message, "\n".join((*lines, _UNSTEADY)), file=_source(one))


def partly(variant: Variant) -> Problem:
    """The page differs by itself in some words, and was compared in all others."""
    one, other = variant.first, variant.other
    lines = difference(one.seen, other.seen, ("once", "once more"))[2:]
    return Problem(f"{one.url}: what differs by itself.", "\n".join(lines), file=_source(one))


def failures(observations: Iterable[Observation]) -> Iterator[Problem]:
    """Pages that could not be rendered for somebody, so that nothing is known of them."""
    told: set[str] = set()
    for one in observations:
        failure = one.seen.failure
        if failure is not None and one.target.route.source not in told:
            told.add(one.target.route.source)
            hint = f"It was {one.url}, asked for by {one.visitor.name}.\n{failure.hint}".rstrip()
            yield Problem(failure.message, hint, failure.file, failure.line, failure.column)
        elif not one.seen.whole and one.seen.is_shared and one.target.route.source not in told:
            told.add(one.target.route.source)
            yield Problem(f"{one.url} was not read to its end.", "It streams on and on.", _source(one))


def _reader(told: Secretive, found: Observation, steps: Sequence[Step]) -> Step | None:
    """The render that read the secret: one of the same route before any other."""
    readers = [
        step
        for step in steps
        if told.secret in step.visitor.secrets and any(map(told.secret.is_read_by, step.render.reads))
    ]
    same = [step for step in readers if step.target.route == found.target.route]
    return next(iter((*same, *readers)), None)


def _read_in(step: Step, told: Secretive) -> Read:
    return next(read for read in step.render.reads if told.secret.is_read_by(read))


def _how_it_was_read(step: Step | None, skipped: Sequence[Place], found: Observation) -> str:
    assert found.given_away is not None  # noqa: S101
    told = found.given_away
    if step is not None:
        read = _read_in(step, told)
        return f"{_where_read(read)} read it, for {step.visitor.name} at {step.target.url}."
    if skipped:
        named = ", ".join(map(str, skipped[:_MOST_NAMED]))
        return f"No read of it was recorded; these lines take it past the recorder: {named}."
    return "No read of it was recorded."


def _kept_in(places: Sequence[Place]) -> list[str]:
    if not places:
        return []
    return [f"It is remembered by {', '.join(map(str, places[:_MOST_NAMED]))}."]


def _where(
    step: Step | None, skipped: Sequence[Place], places: Sequence[Place], found: Observation
) -> tuple[str, int | None]:
    if step is not None and found.given_away is not None:
        read = _read_in(step, found.given_away)
        if read.file:
            return read.file, read.line or None
    for place in (*skipped, *places):
        if place.file:
            return place.file, place.line
    return _source(found), None


def _private_reads(found: Observation, steps: Iterable[Step]) -> Iterator[Read]:
    """What was read of visitors who are known by something, each place once."""
    told: set[tuple[str, int]] = set()
    for step in steps:
        if step.visitor not in (*found.before, found.visitor) or not step.visitor.secrets:
            continue
        for read in step.render.reads:
            if read.file and (read.file, read.line) not in told and len(told) < _MOST_NAMED:
                told.add((read.file, read.line))
                yield read


def _where_read(read: Read) -> str:
    return f"{read.file}:{read.line}" if read.line else read.file or "Code without a file"


def _after(found: Observation) -> str:
    before = dict.fromkeys(visitor.name for visitor in found.before if visitor is not found.visitor)
    if not before:
        return found.visitor.name
    at = "beside" if found.world.together else "after"
    named = ", ".join(list(before)[:_MOST_NAMED])
    return f"{found.visitor.name}, {at} {named}{' and others' if len(before) > _MOST_NAMED else ''}"


def _source(found: Observation) -> str:
    return found.target.route.module or found.target.route.source
