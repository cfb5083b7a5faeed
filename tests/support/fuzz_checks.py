"""What holds of everything that a cache sends, whatever was done to it before."""

from __future__ import annotations

from dataclasses import dataclass

from fuzz_world import SKEW, Made, Pairs, Said, Visitor, World, audience

from isrgen.edge.exchange import Served

LONGEST_BACKOFF = 60.0


@dataclass(frozen=True)
class Visit:
    """One request, and what was so when it began."""

    visitor: Visitor
    method: str
    url: str
    extra: Pairs
    began: int
    soft: int
    hard: int

    @property
    def headers(self) -> Pairs:
        return (*self.visitor.headers, *self.extra)


def begin(world: World, visitor: Visitor, method: str, url: str, extra: Pairs = ()) -> Visit:
    return Visit(visitor, method, url, extra, world.next(), world.soft.get(url, 0), world.hard.get(url, 0))


def check(world: World, visit: Visit, served: Served, body: bytes) -> None:
    """Everything that may be asked of one answer."""
    if served.status >= 500:
        number, _ = world.failed[visit.url]
        assert number > visit.began or served.cache_status.collapsed, "nothing failed"
        return
    made = _made(world, visit, served)
    _check_whole(visit, served, body, made)
    said = [one for one in made.said if one.number > visit.hard]
    # A purge that removes has left nothing: whatever is sent now, its body came since.
    assert any(one.whole for one in said) or not body or served.status == 206, "it was removed"
    if served.cache_status.hit or served.cache_status.detail in _ON_ERROR:
        _check_stored(world, visit, served, said)
    elif served.cache_status.collapsed:
        assert any(one.number > visit.soft for one in said), "it was asked for before the purge"
    elif served.cache_status.fwd is not None and served.cache_status.detail not in _ON_ERROR:
        assert any(one.number > visit.began for one in said), "it was not asked for"


_ON_ERROR = ("stale-if-error", "unreachable")


def _made(world: World, visit: Visit, served: Served) -> Made:
    names = [value for name, value in served.headers if name == "x-made"]
    assert len(names) == 1, served
    made = world.made[names[0]]
    assert made.url == visit.url
    kind = made.audience.partition("/")[0]
    assert made.audience == audience(kind, visit.visitor.headers), "it is another visitor's"
    return made


def _check_whole(visit: Visit, served: Served, body: bytes, made: Made) -> None:
    fields = {name: [v for n, v in served.headers if n == name] for name, _ in served.headers}
    assert fields.get("etag", [made.etag]) == [made.etag]
    asked = dict(visit.extra)
    if served.status == 304:
        assert body == b""
        assert {"if-none-match", "if-modified-since"} & asked.keys()
        assert "if-none-match" not in asked or made.etag in asked["if-none-match"]
    elif served.status == 206:
        (told,) = fields["content-range"]
        span, size = told.removeprefix("bytes ").split("/")
        first, last = map(int, span.split("-"))
        assert int(size) == len(made.body)
        assert body == made.body[first : last + 1]
    elif visit.method == "GET":
        assert served.status == 200
        assert body == made.body
    if body and "content-length" in fields:
        assert fields["content-length"] == [str(len(body))]


def _check_stored(world: World, visit: Visit, served: Served, said: list[Said]) -> None:
    """It came out of the store: it may be as old as the origin allowed, and says how old it is."""
    status = served.cache_status
    _, failed_at = world.failed.get(visit.url, (0, 0.0))
    recently = failed_at and (world.was_set_back or world.now - failed_at <= LONGEST_BACKOFF)
    failing = status.detail in _ON_ERROR
    assert recently or not failing, "nothing failed"
    kept = [one for one in said if not one.policy.is_private and (one.policy.leave or not one.authorized)]
    assert kept, "it may not be kept"
    in_time = [
        one for one in kept if _age(world, one) < one.policy.window(failing, status.detail == "unreachable")
    ]
    assert in_time, "it is too old"
    if status.ttl is not None and status.ttl > 0 and not status.detail:
        fresh = [one for one in in_time if _age(world, one) < one.policy.fresh]
        assert any(one.number > visit.soft for one in fresh), "it was purged, or is not fresh"
    assert served.age is not None
    ages = {int(_age(world, one)) for one in kept}
    # What was purged is at least as old as it may get.
    assert served.age in ages or served.age >= min(ages), (served.age, ages)
    if served.age not in ages:
        assert any(one.number < visit.soft for one in kept)


def _age(world: World, one: Said) -> float:
    since = world.now - one.at
    return max(0.0, since) + one.policy.age if since > -SKEW else one.policy.age
