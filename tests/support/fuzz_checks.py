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
    if served.cache_status.hit or served.cache_status.collapsed:
        assert not any(name == "set-cookie" for name, _ in served.headers)
    said = [one for one in made.said if one.number > visit.hard]
    # A purge that removes has left nothing: whatever is sent now, its body came since.
    assert any(one.whole for one in said) or not body or served.status == 206, "it was removed"
    if served.cache_status.hit or served.cache_status.detail in _ON_ERROR:
        _check_stored(world, visit, served, said)
    elif served.cache_status.collapsed:
        assert _told(served) > visit.soft, "it was asked for before the purge"
    else:
        assert _told(served) > visit.began, "it was not asked for"


_ON_ERROR = ("stale-if-error", "unreachable")


def _made(world: World, visit: Visit, served: Served) -> Made:
    names = [value for name, value in served.headers if name == "x-made"]
    assert len(names) == 1, served
    made = world.made[names[0]]
    assert made.url == visit.url
    kind = made.audience.partition("/")[0]
    assert made.audience == audience(kind, visit.visitor.headers), "it is another visitor's"
    return made


def _told(served: Served) -> int:
    """Which answer of the origin the head is of."""
    (number,) = (value for name, value in served.headers if name == "x-said")
    return int(number)


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
    (told,) = (one for one in said if one.number == _told(served))
    assert told in kept, "it may not be kept"
    in_time = [
        one for one in kept if _age(world, one) < one.policy.window(failing, status.detail == "unreachable")
    ]
    assert in_time, "it is too old"
    if status.ttl is not None and status.ttl > 0 and not status.detail:
        assert any(_age(world, one) < one.policy.fresh for one in in_time), "it is not fresh"
        assert told.number > visit.soft, "it was purged"
    assert served.age is not None
    age = int(_age(world, told))
    # What was purged is at least as old as it may get.
    assert served.age == age or (served.age > age and told.number < visit.soft)


def _age(world: World, one: Said) -> float:
    since = world.now - one.at
    return max(0.0, since) + one.policy.age if since > -SKEW else one.policy.age
