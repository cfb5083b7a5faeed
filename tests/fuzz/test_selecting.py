"""What selects a variant, and what of a visitor a shared page may be made of."""

from __future__ import annotations

from fuzzing import FIELD_VALUE, FUZZ, LATIN, OWS, TOKEN, cased
from hypothesis import example, given
from hypothesis import strategies as st

from isrgen.caching.keys import Selecting, normalise
from isrgen.caching.policy import CachePolicy, Lifetime
from isrgen.caching.selecting import Verbatim, fields_of, is_variant
from isrgen.http.request import Request, parse_cookies
from isrgen.manifest import Route
from isrgen.routing.pattern import Pattern
from isrgen.routing.strategy import Strategy
from isrgen.server.message import Incoming
from isrgen.server.visit import Visit

NAMES = st.sampled_from(
    ["accept", "accept-language", "accept-encoding", "accept-charset", "cookie", "x-theme"]
)
LISTS = st.sampled_from(["accept", "accept-language", "accept-encoding"])
QUALITY = st.sampled_from(
    ["", ";q=1", ";q=0.5", ";q=0", "; Q=0.123", ";q=2", ";q=1.9", ";level=1", ";q=0.5;q=0.3"]
)
PREFERENCES = st.lists(
    st.builds("{}{}".format, TOKEN | st.sampled_from(["de", "en-GB", "*", "text/html", "gzip", ""]), QUALITY),
    max_size=14,
)
VALUES = st.one_of(PREFERENCES.map(",".join), PREFERENCES.map(" , ".join), FIELD_VALUE, LATIN)
FIELDS = st.lists(st.tuples(NAMES, VALUES), max_size=4)


@FUZZ
@example("accept", "a;q=0.5;q=0.3")
@given(NAMES, VALUES)
def test_normalising_twice_changes_nothing(name: str, value: str) -> None:
    """A refresh asks with what the first render was shown, and has to select the same variant."""
    once = normalise(name, value)
    assert normalise(name, once) == once


@FUZZ
@given(LISTS, PREFERENCES, st.data())
def test_blanks_and_case_select_nothing(name: str, parts: list[str], data: st.DataObject) -> None:
    spaced = ",".join(data.draw(OWS) + part + data.draw(OWS) for part in parts)
    assert normalise(name, data.draw(cased(st.just(spaced)))) == normalise(name, ",".join(parts))


@FUZZ
@given(FIELDS, st.lists(NAMES, max_size=4))
def test_a_refresh_selects_the_variant_that_it_refreshes(
    headers: list[tuple[str, str]], names: list[str]
) -> None:
    """RFC 9111 section 4.1: what was kept of a request's fields selects as those fields did."""
    chosen = Verbatim(tuple(headers))(tuple(names))
    asked = fields_of(chosen)
    assert Verbatim(asked)(tuple(names)) == chosen
    assert is_variant(chosen, tuple(pair for pair in chosen if pair[1]))
    shown = Selecting(headers)(tuple(names))
    assert Selecting(tuple(pair for pair in shown if pair[1]))(tuple(names)) == shown


@FUZZ
@given(FIELDS, FIELDS, st.lists(NAMES, min_size=1, max_size=4))
def test_requests_that_differ_in_a_token_select_different_variants(
    one: list[tuple[str, str]], other: list[tuple[str, str]], names: list[str]
) -> None:
    """Only blanks, empty elements and, where it has no meaning, case are lost of what an origin is asked."""

    def letters(headers: list[tuple[str, str]], name: str) -> str:
        text = ",".join(value for key, value in headers if key == name)
        kept = "".join(c for c in text if c not in " \t,;")
        return kept.lower() if name.startswith("accept") else kept

    same = Verbatim(tuple(one))(tuple(names)) == Verbatim(tuple(other))(tuple(names))
    if same:
        assert all(letters(one, name) == letters(other, name) for name in names)


COOKIE = st.builds("{}={}".format, TOKEN | st.sampled_from(["session", "a"]), LATIN)
COOKIES = st.lists(
    COOKIE | LATIN | st.sampled_from(["session", "=session", " session = x", ";;"]), max_size=4
)


@FUZZ
@given(st.lists(COOKIES.map("; ".join), max_size=3), st.booleans())
def test_who_carries_a_listed_cookie_is_known_and_nobody_else_shows_any(
    lines: list[str], draft: bool
) -> None:
    """Who is answered from the cache shows no cookie at all to the page; who shows one goes past it."""
    policy = CachePolicy(Lifetime(60), bypass_cookies=("session",))
    route = Route(Pattern.parse("/"), Strategy.ISR, "index+ssr.py", "its suffix", policy)
    headers = [("cookie", line) for line in lines]
    incoming = Incoming("GET", "/", None, "", headers, "", _no_body)
    request = Visit(incoming, route, {}, "/", "/", "", "", draft=draft).request()
    seen = dict(request.cookies.items())
    carries = any(name == "session" for line in lines for name, _ in parse_cookies(line))
    if draft or carries:
        assert set(seen) == {name for line in lines for name, _ in parse_cookies(line)}
    else:
        assert seen == {}
        assert request.headers.get("cookie") is None


@FUZZ
@given(st.lists(st.tuples(TOKEN, TOKEN), max_size=5), st.data())
def test_cookies_are_what_a_browser_sent(pairs: list[tuple[str, str]], data: st.DataObject) -> None:
    """RFC 6265 section 5.4."""
    header = ";".join(data.draw(OWS) + f"{name}={value}" + data.draw(OWS) for name, value in pairs)
    assert parse_cookies(header) == pairs
    request = Request(headers=[("Cookie", header)])
    assert dict(reversed(pairs)) == {name: request.cookies[name] for name in dict(pairs)}


async def _no_body(most: int) -> bytes:
    return b""
