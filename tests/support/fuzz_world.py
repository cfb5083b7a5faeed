"""A world for a cache to be tried in: an honest origin, and everything it ever said.

The origin marks what it makes for one visitor so that no shared cache may send
it to another. What it made is known by ``x-made``, and the answer that a head
came with by ``x-said``, so that whatever a cache sends can be held against
when, for whom, and how it was allowed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from isrgen.caching.dates import http_date

START = 1_800_000_000.0
SKEW = 5.0
A_DAY = 86400

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Visitor:
    """What a request says of who sends it; "" is not said."""

    cookie: str = ""
    authorization: str = ""
    language: str = ""

    @property
    def headers(self) -> Pairs:
        said = (
            ("cookie", self.cookie),
            ("authorization", self.authorization),
            ("accept-language", self.language),
        )
        return tuple(pair for pair in said if pair[1])


OWN = {
    "private": (("cache-control", "max-age=60, private"),),
    "no-store": (("cache-control", "max-age=60"), ("cache-control", "No-Store")),
    "set-cookie": (("cache-control", "public, max-age=60"), ("set-cookie", "a=1")),
    "vary": (("cache-control", "public, max-age=60"), ("vary", "accept, *")),
    "nothing": (),
    "doubtful": (("cache-control", "public, max-age=60, max-age=61"),),
    "targeted": (("cache-control", "public, max-age=60"), ("cdn-cache-control", "private")),
}
"""Ways to say that a response is one visitor's own."""

VARY = {"language": "Accept-Language", "cookie": "cookie"}


@dataclass(frozen=True)
class Policy:
    """What the origin says of a resource: for whom it is (``kind``), and for how long.

    Kinds: ``all`` are sent the same; ``language`` and ``cookie`` vary; of kind
    ``authorization`` each who has one gets a page of their own, and everyone
    else the same; ``own`` ones are one visitor's, said in the way ``how``.
    """

    kind: str = "all"
    fresh: int = 60
    swr: int = 0
    sie: int = 0
    words: tuple[str, ...] = ()
    shape: str = "max-age"
    age: int = 0
    validators: tuple[str, ...] = ("etag",)
    how: str = "private"

    def honest(self) -> Policy:
        """The same, but that nobody is given leave to share what is made for who has authorization."""
        return replace(self, words=(), shape="max-age") if self.kind == "authorization" else self

    @property
    def is_private(self) -> bool:
        return self.kind == "own"

    @property
    def leave(self) -> bool:
        """RFC 9111 section 3.5."""
        return (
            self.shape in ("s-maxage", "targeted")
            or "public" in self.words
            or "must-revalidate" in self.words
        )

    @property
    def is_strict(self) -> bool:
        return bool({"must-revalidate", "proxy-revalidate", "no-cache"} & set(self.words))

    def window(self, failing: bool, unreachable: bool) -> float:
        """Seconds of age up to which it may be sent without having been asked about."""
        if "no-cache" in self.words:
            return 0
        if self.is_strict:
            return self.fresh
        swr, sie = (0, 0) if self.shape == "expires" else (self.swr, self.sie)
        gone = A_DAY if unreachable and self.shape != "s-maxage" and self.fresh else 0
        return self.fresh + max(swr, sie if failing else 0, gone)

    def headers(self, now: float) -> Pairs:
        if self.is_private:
            return (*OWN[self.how], ("age", str(self.age)))
        said = [*self.words]
        if self.swr:
            said.append(f"stale-while-revalidate={self.swr}")
        if self.sie:
            said.append(f"Stale-If-Error={self.sie}")
        shapes: dict[str, Pairs] = {
            "max-age": (("cache-control", ", ".join([f"max-age={self.fresh}", *said])),),
            "s-maxage": (("cache-control", ", ".join(["max-age=9999", *said, f"s-maxage={self.fresh}"])),),
            "expires": (
                ("cache-control", ", ".join(self.words)),
                ("date", http_date(now)),
                ("expires", http_date(int(now) + self.fresh)),
            ),
            "targeted": (
                ("cache-control", "no-store"),
                ("cdn-cache-control", ", ".join([f"max-age={self.fresh}", "public", *said]).lower()),
            ),
        }
        vary: Pairs = (("vary", VARY[self.kind]),) if self.kind in VARY else ()
        return (*shapes[self.shape], *vary, ("age", str(self.age)))

    def audience(self, headers: Pairs) -> str:
        """For whom it is, of those who send these."""
        return audience(self.kind, headers)


def audience(kind: str, headers: Pairs) -> str:
    said = dict(headers)
    parts = {
        "all": (),
        "language": ("accept-language",),
        "cookie": ("cookie",),
        "authorization": ("authorization",),
        "own": ("cookie", "authorization"),
    }[kind]
    return "/".join([kind, *(said.get(name, "").replace(" ", "").lower() for name in parts)])


@dataclass(frozen=True)
class Said:
    """Once that the origin said a representation to be good: ``number`` in order, ``whole`` with its body."""

    number: int
    at: float
    policy: Policy
    whole: bool
    authorized: bool


@dataclass
class Made:
    """One representation."""

    name: str
    url: str
    audience: str
    said: list[Said] = field(default_factory=list)

    @property
    def body(self) -> bytes:
        return (
            f"<{self.name}|{self.url}|{self.audience}|".encode() + sha256(self.name.encode()).digest() + b">"
        )

    @property
    def etag(self) -> str:
        return f'"{self.name}"'


@dataclass
class Resource:
    version: int = 0
    policy: Policy = Policy()

    @property
    def changed_at(self) -> float:
        """No two versions share a second, or the date would be no validator."""
        return START - 1_000_000 + self.version


@dataclass(frozen=True)
class Reply:
    """What the origin sends; ``broken`` off in the middle, or ``None`` of it."""

    status: int
    headers: Pairs
    body: bytes
    broken: bool = False


@dataclass
class World:
    """``number`` counts what happens; ``soft`` and ``hard`` are the last purges of each URL.

    ``failures`` are those to come, ``failed`` when each URL was last asked for in vain.
    """

    now: float = START
    number: int = 0
    was_set_back: bool = False
    failures: list[str] = field(default_factory=list)
    failed: dict[str, tuple[int, float]] = field(default_factory=dict)
    resources: dict[str, Resource] = field(default_factory=dict)
    made: dict[str, Made] = field(default_factory=dict)
    soft: dict[str, int] = field(default_factory=dict)
    hard: dict[str, int] = field(default_factory=dict)
    asked: list[tuple[str, Pairs]] = field(default_factory=list)

    def next(self) -> int:
        self.number += 1
        return self.number

    def resource(self, url: str) -> Resource:
        return self.resources.setdefault(url, Resource())

    def publish(self, url: str, policy: Policy, same: bool = False) -> None:
        """Say something else of a resource; of the ``same`` bytes, or of new ones."""
        old = self.resource(url)
        self.resources[url] = Resource(old.version + (not same), policy)

    def purged(self, urls: Sequence[str], hard: bool) -> None:
        number = self.next()
        for url in urls:
            self.soft[url] = number
            if hard:
                self.hard[url] = number

    def reply(self, method: str, url: str, headers: Pairs, number: int, at: float) -> Reply | None:
        """What the origin answers now to what was asked as ``number``, ``at`` some time; None: nothing."""
        failure = self.failures.pop() if self.failures else ""
        if failure:
            self.failed[url] = (number, self.now)
        if failure == "gone":
            return None
        if failure == "503":
            return Reply(503, (("cache-control", "max-age=60"), ("age", "0")), b"failing")
        resource, asked = self.resource(url), dict(headers)
        policy = resource.policy
        made = self._made(url, resource, headers)
        head = (*self._head(made, resource), ("x-said", str(number)))
        matches = "etag" in policy.validators and made.etag in asked.get("if-none-match", "")
        if not asked.get("if-none-match") and "modified" in policy.validators:
            matches = asked.get("if-modified-since") == http_date(resource.changed_at)
        whole = method == "GET" and not matches and failure != "cut"
        made.said.append(Said(number, at, policy, whole, "authorization" in asked))
        if matches:
            return Reply(304, head, b"")
        return Reply(200, head, made.body, broken=failure == "cut")

    def _made(self, url: str, resource: Resource, headers: Pairs) -> Made:
        who = resource.policy.audience(headers)
        name = sha256(f"{url} {resource.version} {who}".encode()).hexdigest()[:12]
        return self.made.setdefault(name, Made(name, url, who))

    def _head(self, made: Made, resource: Resource) -> Pairs:
        head = [*resource.policy.headers(self.now), ("x-made", made.name), ("cache-tag", _tags(made.url))]
        if "etag" in resource.policy.validators:
            head.append(("etag", made.etag))
        if "modified" in resource.policy.validators:
            head.append(("last-modified", http_date(resource.changed_at)))
        return tuple(pair for pair in head if pair[1])


def _tags(url: str) -> str:
    return f"all-of-them, {tag_of(url)}"


def tag_of(url: str) -> str:
    return "only-" + url.strip("/").replace("?", "-").replace("=", "-")
