"""What a render read of its request decides who may share its response.

``judge`` is asked last, after middleware and header rules, and its word is
final. ``EFFECTS`` is the rule; to explain a private page, read it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final, Self

from isrgen.caching.policy import CachePolicy, Lifetime
from isrgen.errors import Problem


class What(Enum):
    """The parts of a request that a render can read."""

    COOKIE = "cookie"
    ALL_COOKIES = "all cookies"
    HEADER = "header"
    ALL_HEADERS = "all headers"
    QUERY = "query parameter"
    ALL_QUERY = "all query parameters"
    CLIENT = "client address"
    ANOTHER_REQUEST = "another request"


@dataclass(frozen=True, slots=True)
class Read:
    """One read: ``name`` is lower case for headers; ``file`` and ``line`` say who read it."""

    what: What
    name: str = ""
    file: str = ""
    line: int = 0


class Said(str):
    """A value of a response's field, and the place in the site's code that said it."""

    __slots__ = ("file", "line")

    def __new__(cls, value: str, file: str, line: int) -> Self:
        made = super().__new__(cls, value)
        made.file, made.line = file, line
        return made

    file: str
    line: int


class Effect(Enum):
    """What one read does to a response that asks to be shared."""

    HARMLESS = "harmless"
    JOINS_VARY = "joins Vary"
    PRIVATE = "private"


ALWAYS_VARY: Final = frozenset({"accept", "accept-language"})
"""Fields that may join ``Vary`` without being listed."""

NEVER_VARY: Final = frozenset(
    {
        "*", "cookie", "authorization", "host", "forwarded", "x-forwarded-for", "x-forwarded-host",
        "x-forwarded-proto", "x-real-ip",
    }
)  # fmt: skip
"""A response that varies on one of these is never shared: it is for one, or anybody may say anything."""

_LONGEST_NAME: Final = 100
"""Characters of a name that a warning repeats."""

_Rule = Callable[[Read, CachePolicy], Effect]


def _cookie(read: Read, policy: CachePolicy) -> Effect:
    # A request that carries a listed cookie skips the cache; any other sees none.
    return Effect.HARMLESS if policy.bypass_cookies else Effect.PRIVATE


def _header(read: Read, policy: CachePolicy) -> Effect:
    if read.name == "cookie":
        return _cookie(read, policy)
    return Effect.JOINS_VARY if may_vary(read.name, policy) else Effect.PRIVATE


def _query(read: Read, policy: CachePolicy) -> Effect:
    return Effect.HARMLESS if read.name in policy.query else Effect.PRIVATE


def _private(read: Read, policy: CachePolicy) -> Effect:
    return Effect.PRIVATE


EFFECTS: Final[dict[What, _Rule]] = {
    What.COOKIE: _cookie,
    What.ALL_COOKIES: _cookie,
    What.HEADER: _header,
    What.ALL_HEADERS: _private,
    What.QUERY: _query,
    What.ALL_QUERY: _private,
    What.CLIENT: _private,
    What.ANOTHER_REQUEST: _private,
}
"""What was read -> what that does, given what the route declares."""

_REASONS: Final[dict[What, str]] = {
    What.COOKIE: "reads-cookie",
    What.ALL_COOKIES: "reads-cookie",
    What.HEADER: "reads-header",
    What.ALL_HEADERS: "reads-header",
    What.QUERY: "reads-query",
    What.ALL_QUERY: "reads-query",
    What.CLIENT: "reads-client",
    What.ANOTHER_REQUEST: "reads-another-request",
}

_WITHIN: Final[dict[What, What]] = {
    What.COOKIE: What.ALL_COOKIES,
    What.ALL_COOKIES: What.ALL_HEADERS,
    What.HEADER: What.ALL_HEADERS,
    What.QUERY: What.ALL_QUERY,
}
"""A part of the request -> what a line that reads them all is warned about instead."""

_WORDS: Final[dict[What, str]] = {
    What.COOKIE: "the cookie `{name}`",
    What.ALL_COOKIES: "the Cookie header",
    What.HEADER: "the header `{name}`",
    What.ALL_HEADERS: "all request headers",
    What.QUERY: "the query parameter `{name}`",
    What.ALL_QUERY: "all query parameters",
    What.CLIENT: "the visitor's address",
    What.ANOTHER_REQUEST: "the request of another visitor",
}

_OWN_RENDER: Final = "or send `Cache-Control: private, no-store`, which is what the visitor got."

_MENDS: Final[dict[What, str]] = {
    What.COOKIE: "List `bypass-cookies: [{name}]` under `cache`, so that visitors with this cookie get a page"
    " of their own, " + _OWN_RENDER,
    What.ALL_COOKIES: "List the cookies that matter under `cache`, as in `bypass-cookies: [session]`, so that"
    " visitors with one of them get a page of their own, " + _OWN_RENDER,
    What.HEADER: "List `vary: [{name}]` under `cache` if a variant for each of its values is wanted, "
    + _OWN_RENDER,
    What.ALL_HEADERS: "Read the headers you need by name and list them under `cache`, as in"
    " `vary: [Accept-Language]`, " + _OWN_RENDER,
    What.QUERY: "List `query: [{name}]` under `cache`, so that each of its values is a page of its own, "
    + _OWN_RENDER,
    What.ALL_QUERY: "Read the parameters you need by name and list them under `cache`, as in"
    " `query: [page]`, " + _OWN_RENDER,
    What.CLIENT: "A page for everyone cannot depend on an address: move this to an API route or middleware"
    " of an uncached route, " + _OWN_RENDER,
    What.ANOTHER_REQUEST: "Hand a request on as an argument, and keep none at the top of a module, in a class"
    " or in a cache. A response that asks to be shared is private so.",
}

_AUTHORIZATION_MEND: Final = (
    "A request with Authorization is never answered from the cache: leave its check to a route without a"
    " lifetime, " + _OWN_RENDER
)


_WHEREABOUTS_MEND: Final = (
    "A page for everyone cannot depend on where a request says that it came from: leave it out, and take the"
    " address from `base_url`, " + _OWN_RENDER
)


@dataclass(frozen=True, slots=True)
class Judgment:
    """Who may share a response: everyone for ``lifetime``, or nobody when that is None.

    ``vary`` names lower-case request fields. ``reason`` says in one token why
    a response is private, for Cache-Status; it is empty when nobody asked to
    share it. ``warnings`` tell the site's author what to mend; their ``file``
    is as the recorder saw it.
    """

    lifetime: Lifetime | None
    vary: tuple[str, ...] = ()
    reason: str = ""
    warnings: tuple[Problem, ...] = ()


def judge(
    reads: Iterable[Read],
    policy: CachePolicy,
    *,
    asked: Lifetime | None,
    status: int,
    set_cookie: bool,
    vary: Iterable[str] = (),
    bypassed: bool = False,
) -> Judgment:
    """Whether a response that asks for the lifetime ``asked`` may be shared.

    ``vary`` holds the names (or whole values) that the site's own code put
    into ``Vary``, as ``Said`` where the place is known. A name the route does
    not list is not dropped in silence but makes the response private, for no
    cache could keep its promise. A read of another visitor's request is warned
    of in any case: what one of them sent is sent to another, kept or not.
    """
    read = tuple(reads)
    mixed_up = tuple(_warning(one) for one in read if one.what is What.ANOTHER_REQUEST)
    if bypassed:
        return Judgment(None, reason="bypass", warnings=mixed_up)
    if asked is None or status >= 500:
        return Judgment(None, warnings=mixed_up)
    effects = [(one, EFFECTS[one.what](one, policy)) for one in read]
    offending = [one for one, effect in effects if effect is Effect.PRIVATE]
    said = _names(vary)
    refused = [value for name, value in said.items() if not may_vary(name, policy)]
    warnings = (*map(_warning, _widest(offending)), *map(_vary_warning, refused))
    if offending:
        return Judgment(None, reason=_reason(offending[0]), warnings=warnings)
    if refused:
        return Judgment(None, reason="vary", warnings=warnings)
    if set_cookie:
        return Judgment(None, reason="set-cookie")
    joined = {one.name for one, effect in effects if effect is Effect.JOINS_VARY}
    return Judgment(asked, tuple(sorted(joined | set(said))))


def may_vary(name: str, policy: CachePolicy) -> bool:
    """Whether a field may join ``Vary`` on a route: it is listed, or one of ``ALWAYS_VARY``."""
    return name.lower() in varying(policy)


def varying(policy: CachePolicy) -> frozenset[str]:
    """The fields, in lower case, that may join ``Vary`` on a route."""
    return (ALWAYS_VARY | {listed.lower() for listed in policy.vary}) - NEVER_VARY


def _names(values: Iterable[str]) -> dict[str, Said]:
    """Each name in lower case, and who said it first."""
    found: dict[str, Said] = {}
    for value in values:
        file, line = (value.file, value.line) if isinstance(value, Said) else ("", 0)
        for part in value.split(","):
            name = part.strip().lower()
            if name:
                found.setdefault(name, Said(name, file, line))
    return found


def _widest(reads: Iterable[Read]) -> list[Read]:
    """Without what a wider read on the same line holds: ``dict(request.headers)`` is one mistake."""
    found = list(reads)
    there = {(read.what, read.file, read.line) for read in found}
    return [read for read in found if (_WITHIN.get(read.what), read.file, read.line) not in there]


def _reason(read: Read) -> str:
    if read.what is What.HEADER and read.name in ("authorization", "cookie"):
        return f"reads-{read.name}"
    return _REASONS[read.what]


def _warning(read: Read) -> Problem:
    # Code may look for what a visitor named; a log takes no line break or escape from there.
    name = read.name[:_LONGEST_NAME]
    name = name if name.isprintable() else ascii(name)[1:-1]
    if read.what is What.HEADER and read.name == "authorization":
        hint = _AUTHORIZATION_MEND
    elif read.what is What.HEADER and read.name == "cookie":
        hint = _MENDS[What.ALL_COOKIES]
    elif read.what is What.HEADER and read.name in NEVER_VARY:
        hint = _WHEREABOUTS_MEND
    else:
        hint = _MENDS[read.what].format(name=name)
    words = _WORDS[read.what].format(name=name)
    message = f"This reads {words}, so the response is private although it asks to be shared."
    if read.what is What.ANOTHER_REQUEST:
        message = f"This reads {words}: what one visitor sent is sent to another."
    return Problem(message, hint, file=read.file, line=read.line or None)


def _vary_warning(name: Said) -> Problem:
    if name in NEVER_VARY:
        hint = "Leave it out of `Vary`, " + _OWN_RENDER
    else:
        hint = f"List `vary: [{name}]` under `cache`, " + _OWN_RENDER
    message = f"The response says `Vary: {name}`, so it is private although it asks to be shared."
    return Problem(message, hint, file=name.file, line=name.line or None)
