"""Targets for a fuzzer that is guided by coverage: bytes in, and an AssertionError for what is wrong.

Each reads its input as the bytes of a field, or several fields with a line
feed between them, and holds what isrgen makes of it against a plain reading.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from urllib.parse import urljoin, urlsplit

from fuzz_readings import DIFFERENT, read_cache_control, read_dictionary, read_range, read_target

from isrgen.caching.dates import http_date, parse_date
from isrgen.caching.directives import lifetime_of
from isrgen.caching.directives import parse as parse_cache_control
from isrgen.caching.keys import canonical_path, normalise
from isrgen.caching.received import Received, received
from isrgen.caching.selecting import Verbatim, fields_of
from isrgen.caching.targeted import parse as parse_targeted
from isrgen.caching.urls import split_key, url_key
from isrgen.caching.validation import matches_none, spans_of
from isrgen.http.forms import parse_form
from isrgen.http.hops import HOP, without_hops
from isrgen.http.request import parse_cookies
from isrgen.routing.urls import BadPathError, join, split_raw
from isrgen.server.admin_orders import purges
from isrgen.server.draft import Drafts, local
from isrgen.server.intake import RefusedError, take_in
from isrgen.server.proxies import Proxies

NOW = 1_800_000_000.0
TRUSTING = Proxies(["10.0.0.0/8"])
DRAFTS = Drafts("secret", lambda: NOW)

Fields = list[tuple[str, str]]


def cache_control(data: bytes) -> None:
    text = data.decode("latin-1")
    found, expected = parse_cache_control(text), read_cache_control(text)
    assert found.doubtful if expected is None else found == expected
    for word in ("no-store", "private"):
        assert lifetime_of(parse_cache_control(f"{word},{text}")) is None


def targeted(data: bytes) -> None:
    text = data.decode("latin-1")
    found = parse_targeted(text)
    if not DIFFERENT.search(text):
        assert (found is None) == (not read_dictionary(text))


def dates(data: bytes) -> None:
    text = data.decode("latin-1")
    found = parse_date(text, NOW)
    if found is not None and text.endswith("GMT") and ":60" not in text and "-" not in text:
        assert http_date(found).partition(" ")[2] == text.partition(" ")[2]
    if found is not None:
        assert datetime(1, 1, 1, tzinfo=UTC).timestamp() <= found < 2**38


def head(data: bytes) -> None:
    fields = _fields(data)
    leave = received(200, without_hops(fields), asked_at=NOW - 1, now=NOW, authorized=False)
    if isinstance(leave, Received):
        assert not any(name == "set-cookie" for name, _ in fields)
        assert leave.initial_age >= 0 <= leave.lifetime.fresh
        for name, value in (("cache-control", "private"), ("vary", "*"), ("set-cookie", "a=1")):
            if name != "cache-control" or not any(name == "cdn-cache-control" for name, _ in fields):
                more = received(200, [*fields, (name, value)], asked_at=NOW, now=NOW, authorized=False)
                assert isinstance(more, str)


def ranges(data: bytes) -> None:
    field = "bytes=" + data.decode("latin-1")
    found, expected = spans_of(field, 100), read_range(field, 100)
    if found is not None:
        assert list(found) == expected


def etags(data: bytes) -> None:
    field = data.decode("latin-1")
    assert not matches_none(field, '"a"') or '"a"' in field or field.strip() == "*"
    assert matches_none(f'"a",{field}', '"a"')


def selecting(data: bytes) -> None:
    fields = tuple(_fields(data))
    names = tuple(name for name, _ in fields)
    for name, value in fields:
        once = normalise(name, value)
        assert normalise(name, once) == once
    chosen = Verbatim(fields)(names)
    assert Verbatim(fields_of(chosen))(names) == chosen


def cookies(data: bytes) -> None:
    text = data.decode("latin-1")
    for name, value in parse_cookies(text):
        assert name == name.strip()
        assert ";" not in name + value
    assert not DRAFTS.holds("__isrgen_draft=" + text)


def addresses(data: bytes) -> None:
    target = "/" + "".join(map(chr, (byte for byte in data if 0x20 < byte < 0x7F)))
    key = url_key("http", "a", target)
    assert key in (f"http://a{read_target(target)}", "")
    if key:
        assert url_key(*(split_key(key) or ("", "", ""))) == key
    with suppress(BadPathError):
        segments = split_raw(target.partition("?")[0])
        assert split_raw(join(segments, slash=True)) == segments
        plain = target.partition("?")[0].partition("#")[0]
        if plain == target:
            assert canonical_path(target) == join(segments, target.endswith("/"))
    where = local(data.decode("utf-8", "replace"))
    if where is not None:
        assert urlsplit(urljoin("https://site.example/", where)).netloc == "site.example"


def requests(data: bytes) -> None:
    fields = _fields(data)
    scope = {
        "method": "OPTIONS" if data[:1] == b"O" else "GET",
        "http_version": "1.1",
        "path": "/",
        "raw_path": b"/",
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields],
        "client": ("10.0.0.1", 1),
    }
    with suppress(RefusedError):
        taken = take_in(scope, TRUSTING, "me")
        assert not HOP & {name for name, _ in taken.headers}
        assert re.fullmatch("[0-9a-f.:]+", taken.client)
        assert re.fullmatch(r"[a-z0-9_.\-\[\]:]+", taken.host)
        assert taken.scheme in ("http", "https")


def orders(data: bytes) -> None:
    with suppress(ValueError):
        for purge in purges(data, lambda path: path if path.startswith("/") else None):
            assert (purge.path + purge.tag).encode()


def forms(data: bytes) -> None:
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=a"):
        with suppress(ValueError):
            parse_form(kind, data)


def _fields(data: bytes) -> Fields:
    """``name: value`` on each line, as a server hands them on."""
    lines = (line.partition(":") for line in data.decode("latin-1").split("\n"))
    return [
        (name.strip().lower(), re.sub(r"[\x00-\x08\x0a-\x1f\x7f]", "", value).strip(" \t"))
        for name, _, value in lines
    ]


Target = Callable[[bytes], None]

TARGETS: dict[Target, list[bytes]] = {
    cache_control: [
        b'public, max-age=60, private="a\\"b", x', b"s-maxage=1,no-store", b"max-age=1, max-age=2",
    ],
    targeted: [
        b"max-age=60, public;a=1", b'a=(1 2.5 "x";b=?0), c=:aGk=:', b'a=%"%c3%a9", b=@1, c=tok/en',
        b'a=%"% 08"',
    ],
    dates: [
        b"Sun, 06 Nov 1994 08:49:37 GMT", b"Sunday, 06-Nov-94 08:49:37 GMT", b"Sun Nov  6 08:49:37 1994",
    ],
    head: [
        b"cache-control: max-age=60\nage: 5\nvary: accept\netag: \"a\"",
        b"expires: Sun, 06 Nov 2094 08:49:37 GMT\ndate: 0\nconnection: date, set-cookie\nset-cookie: a",
        b"cdn-cache-control: max-age=5\ncache-control: no-store",
    ],
    ranges: [b"0-1", b"-5, 7-", b"99999999999999999999-", b"5-1"],
    etags: [b'"a", W/"b"', b"*", b'W/"a"'],
    selecting: [
        b"accept-language: en;q=0.5, de\naccept: */*;q=0.1", b'cookie: a=b\nx: "a, b"', b"accept: ;q=1;q=0",
    ],
    cookies: [b"session=a; theme=dark", b'a="b"; =x; odd', b"1800043200.00"],
    addresses: [b"%7euser/a%2fb?x=%C3%a9&y", b"/evil.example", b"a/../b/./%2e%2e", b"\\\\a", b"/%%66e"],
    requests: [
        b"host: a.example\nx-forwarded-for: 1.2.3.4, 10.0.0.1\nx-forwarded-host: b",
        b"host: a\nvia: 1.1 me\nconnection: close, x\nmax-forwards: 5\nx: 1",
        b"OPTIONS\nhost: [::1]:80\ncontent-length: 5\nx-forwarded-proto: https",
    ],
    orders: [b'{"paths": ["/a/"], "tags": ["b"], "hard": true}', b'{"tags":["\\ud800"]}', b"[[[["],
    forms: [
        b'--a\r\nContent-Disposition: form-data; name="b"; filename="c"\r\n\r\nd\r\n--a--\r\n', b"a=b&c=%20d",
    ],
}  # fmt: skip
"""Each with inputs to begin with."""
