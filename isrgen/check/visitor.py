"""Who asks for a page while it is tested for leaks.

Each visitor sends values that no page can hold by chance. A value that turns
up in what somebody else is sent therefore names its sender, and the part of
the request that it was sent in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from ipaddress import ip_network
from typing import Final
from urllib.parse import urlsplit

from isrgen.caching.privacy import Read, What
from isrgen.check.vocabulary import Vocabulary

Pairs = tuple[tuple[str, str], ...]

COMMON_COOKIES: Final = (
    "session", "sessionid", "session_id", "sid", "connect.sid", "PHPSESSID", "JSESSIONID", "auth",
    "auth_token", "access_token", "token", "jwt", "user", "user_id", "username", "remember_me", "csrftoken",
    "cart", "theme", "lang", "locale", "currency", "plan", "ab", "consent",
)  # fmt: skip
COMMON_QUERY: Final = (
    "utm_source",
    "ref",
    "q",
    "page",
    "lang",
    "user",
    "token",
    "preview",
    "debug",
    "callback",
)
_COMMON_HEADERS: Final = ("x-user", "x-user-id", "x-forwarded-user", "x-auth-request-email", "x-tenant")

_DESKTOP: Final = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36"
_PHONE: Final = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1"
)
_OF_OTHERS: Final = frozenset(
    {"accept", "accept-encoding", "accept-language", "authorization", "connection", "content-length"}
    | {"content-type", "cookie", "forwarded", "host", "if-none-match", "range", "user-agent", "x-real-ip"}
)
"""Headers that mean something to the server itself, or that another visitor differs in."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that only one visitor sends, and the part of the request that it is in."""

    value: str
    what: What
    name: str = ""

    @property
    def words(self) -> str:
        match self.what:
            case What.COOKIE:
                return f"the cookie `{self.name}`"
            case What.QUERY:
                return f"the query parameter `{self.name}`"
            case What.CLIENT:
                return "the address"
            case _:
                return f"the header `{self.name}`"

    def is_read_by(self, read: Read) -> bool:
        """Whether this read hands the value out."""
        if read.what is self.what:
            return read.name == self.name
        return read.what in _WIDER.get(self.what, ()) or (
            self.what is What.COOKIE and read.what is What.HEADER and read.name == "cookie"
        )


_WIDER: Final = {
    What.COOKIE: (What.ALL_COOKIES, What.ALL_HEADERS),
    What.HEADER: (What.ALL_HEADERS,),
    What.QUERY: (What.ALL_QUERY,),
}


@dataclass(frozen=True, slots=True)
class Visitor:
    """One way to ask. ``person`` is the same for two visitors who may see each other's pages."""

    name: str
    headers: Pairs
    peer: str = "192.0.2.10"
    query: Pairs = ()
    secrets: tuple[Secret, ...] = ()
    person: str = ""

    def with_headers(self, *pairs: tuple[str, str]) -> Visitor:
        """The same visitor with these headers in place of those of the same names."""
        names = {name for name, _ in pairs}
        return replace(self, headers=(*(pair for pair in self.headers if pair[0] not in names), *pairs))


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody who asks: one who differs in nothing, and those who differ from that one in something."""

    anonymous: Visitor
    german: Visitor
    user_a: Visitor
    token_a: Visitor
    user_b: Visitor
    token_b: Visitor
    host: Visitor
    device: Visitor
    query: Visitor
    stranger: Visitor

    @property
    def everyone(self) -> tuple[Visitor, ...]:
        return tuple(getattr(self, name) for name in self.__slots__)

    @property
    def secrets(self) -> frozenset[Secret]:
        """Everything that is sent by one and not by all."""
        return frozenset(secret for visitor in self.everyone for secret in visitor.secrets)


def cast(base_url: str, vocabulary: Vocabulary, trusted_proxies: Iterable[str] = ()) -> Cast:
    """The visitors of one site: they send the cookies, headers and parameters that its code mentions."""
    host = urlsplit(base_url).netloc or "localhost"
    anonymous = Visitor(
        "an anonymous visitor",
        (
            ("host", host),
            ("user-agent", _DESKTOP),
            ("accept", "text/html,application/xhtml+xml,*/*;q=0.8"),
            ("accept-language", "en"),
        ),
    )
    user_a = _user(anonymous, "user A", "a", "198.51.100.211", vocabulary)
    user_b = _user(anonymous, "user B", "b", "203.0.113.177", vocabulary)
    peer = next((str(ip_network(text, strict=False)[0]) for text in trusted_proxies), anonymous.peer)
    elsewhere = _elsewhere(anonymous, peer)
    device = _device(anonymous)
    asking = _asking(anonymous, vocabulary)
    return Cast(
        anonymous=anonymous,
        german=replace(
            anonymous.with_headers(("accept-language", "de-AT, de;q=0.9")), name="a visitor who reads German"
        ),
        user_a=user_a,
        token_a=_with_token(user_a, "a"),
        user_b=user_b.with_headers(("accept-language", "de-AT, de;q=0.9")),
        token_b=_with_token(user_b, "b"),
        host=elsewhere,
        device=device,
        query=asking,
        stranger=replace(
            elsewhere.with_headers(*(pair for pair in device.headers if pair not in anonymous.headers)),
            name="a visitor who differs in everything",
            query=asking.query,
            secrets=(*elsewhere.secrets, *device.secrets, *asking.secrets),
        ),
    )


def marker(who: str, name: str) -> str:
    """A value that says whose it is.

    >>> marker("a", "connect.sid")
    'isrgen-check-a-connect-sid'
    """
    return f"isrgen-check-{who}-{re.sub(r'[^a-z0-9]+', '-', name.lower()).strip('-')}"


def _user(anonymous: Visitor, name: str, who: str, address: str, vocabulary: Vocabulary) -> Visitor:
    cookies = list(dict.fromkeys((*vocabulary.cookies, *COMMON_COOKIES)))
    fields = [
        field
        for field in dict.fromkeys((*vocabulary.headers, *_COMMON_HEADERS))
        if field not in _OF_OTHERS and not field.startswith(("x-forwarded-", "x-isrgen-", "sec-"))
    ]
    headers = [(field, marker(who, field)) for field in fields]
    headers.append(("cookie", "; ".join(f"{cookie}={marker(who, cookie)}" for cookie in cookies)))
    secrets = (
        *(Secret(marker(who, cookie), What.COOKIE, cookie) for cookie in cookies),
        *(Secret(marker(who, field), What.HEADER, field) for field in fields),
        Secret(address, What.CLIENT),
    )
    return replace(anonymous.with_headers(*headers), name=name, peer=address, secrets=secrets, person=name)


def _with_token(user: Visitor, who: str) -> Visitor:
    token = marker(who, "authorization")
    return replace(
        user.with_headers(("authorization", f"Bearer {token}")),
        name=f"{user.name} with Authorization",
        secrets=(*user.secrets, Secret(token, What.HEADER, "authorization")),
    )


def _elsewhere(anonymous: Visitor, peer: str) -> Visitor:
    """Says another host, and that proxies said so; ``peer`` is one that is believed, if any is."""
    host, address = f"{marker('host', 'host')}.example", "198.51.100.77"
    said = {
        "host": host,
        "x-forwarded-host": f"{marker('host', 'x-forwarded-host')}.example",
        "x-forwarded-for": address,
        "x-forwarded-proto": "http",
        "x-forwarded-port": "8081",
        "x-forwarded-prefix": f"/{marker('host', 'x-forwarded-prefix')}",
        "x-forwarded-server": marker("host", "x-forwarded-server"),
        "forwarded": f"for={address};host={marker('host', 'forwarded')}.example;proto=http",
        "x-real-ip": "198.51.100.78",
        "x-host": f"{marker('host', 'x-host')}.example",
        "x-original-url": f"/{marker('host', 'x-original-url')}/",
        "x-rewrite-url": f"/{marker('host', 'x-rewrite-url')}/",
        "referer": f"https://{marker('host', 'referer')}.example/",
        "origin": f"https://{marker('host', 'origin')}.example",
    }
    secrets = [
        Secret(marker("host", name), What.HEADER, name) for name in said if marker("host", name) in said[name]
    ]
    addresses = (Secret(address, What.CLIENT), Secret("198.51.100.78", What.HEADER, "x-real-ip"))
    visitor = anonymous.with_headers(*said.items())
    return replace(visitor, name="a visitor of another host", peer=peer, secrets=(*secrets, *addresses))


def _device(anonymous: Visitor) -> Visitor:
    said = {
        "user-agent": f"{_PHONE} {marker('device', 'user-agent')}",
        "sec-ch-ua-mobile": "?1",
        "sec-ch-ua-platform": f'"{marker("device", "sec-ch-ua-platform")}"',
        "save-data": "on",
        "dnt": "1",
        "sec-gpc": "1",
        "viewport-width": "390",
        "x-requested-with": marker("device", "x-requested-with"),
    }
    secrets = tuple(
        Secret(marker("device", name), What.HEADER, name)
        for name in ("user-agent", "sec-ch-ua-platform", "x-requested-with")
    )
    return replace(anonymous.with_headers(*said.items()), name="a visitor with a phone", secrets=secrets)


def _asking(anonymous: Visitor, vocabulary: Vocabulary) -> Visitor:
    names = dict.fromkeys((*vocabulary.query, *COMMON_QUERY))
    query = tuple((name, marker("query", name)) for name in names)
    secrets = tuple(Secret(value, What.QUERY, name) for name, value in query)
    return replace(anonymous, name="a visitor with other parameters", query=query, secrets=secrets)
