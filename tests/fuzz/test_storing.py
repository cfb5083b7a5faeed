"""What may be kept of a response, against a plain reading of RFC 9111 sections 3 and 4.2."""

from __future__ import annotations

from fuzzing import BAD_DELTAS, DELTAS, FUZZ, LATIN, OWS, TOKEN, cased, effort
from hypothesis import assume, example, given
from hypothesis import strategies as st

from isrgen.caching.dates import http_date, parse_date
from isrgen.caching.directives import FLAGS, NUMBERS, delta_seconds, parse
from isrgen.caching.policy import MAX_LIFETIME, Lifetime
from isrgen.caching.received import UNDERSTOOD, Received, initial_age, received, vary_of
from isrgen.caching.storing import asked_lifetime
from isrgen.caching.targeted import parse as parse_targeted
from isrgen.http.hops import HOP, without_hops

Fields = list[tuple[str, str]]
NOW = 1_800_000_000.0

directive = st.one_of(
    st.sampled_from(sorted(FLAGS)),
    st.builds("{}={}".format, st.sampled_from(sorted(NUMBERS)), DELTAS),
    st.builds("{}={}".format, st.sampled_from(["max-age", "s-maxage"]), DELTAS),
    TOKEN,
)
control = st.lists(directive, max_size=4).map(", ".join)
targeted = st.lists(directive, max_size=3).map(lambda parts: ", ".join(parts).lower())
date = st.integers(-100_000, 100_000).map(lambda seconds: http_date(NOW + seconds)) | st.sampled_from(
    ["0", "-1", "", "Thu, 01 Jan 1970 00:00:00 GMT", "tomorrow"]
)
line = st.one_of(
    st.tuples(st.just("cache-control"), control),
    st.tuples(st.just("cache-control"), control),
    st.tuples(st.just("cdn-cache-control"), targeted),
    st.tuples(st.just("expires"), date),
    st.tuples(st.just("date"), date),
    st.tuples(st.just("age"), DELTAS | BAD_DELTAS),
    st.tuples(st.just("vary"), st.sampled_from(["accept", "Accept-Language , foo", "", "*", "a, *,"])),
    st.tuples(st.just("etag"), st.just('"a"')),
    st.tuples(st.just("last-modified"), date),
    st.tuples(st.just("set-cookie"), st.just("a=1")),
    st.tuples(st.just("pragma"), st.just("no-cache")),
)
HEADS = st.lists(line, max_size=6)
STATUSES = st.sampled_from(
    [200, 200, 200, 204, 206, 299, 301, 302, 304, 400, 401, 404, 410, 416, 451, 500, 503]
)


def judged(head: Fields, status: int = 200, authorized: bool = False, asked: float = NOW) -> Received | str:
    return received(status, head, asked_at=asked, now=NOW, authorized=authorized)


def values(head: Fields, name: str) -> list[str]:
    return [value for key, value in head if key == name]


def lifetime_by_the_book(head: Fields) -> int | None:
    """Section 4.2.1, sentence by sentence; None where the response does not say."""
    said, by_target = parse(", ".join(values(head, "cache-control"))), False
    if values(head, "cdn-cache-control"):
        aimed = parse_targeted(", ".join(values(head, "cdn-cache-control")))
        if aimed is not None:
            said, by_target = aimed, True
    if said.s_maxage is not None:
        return said.s_maxage
    if said.max_age is not None:
        return said.max_age
    expires = values(head, "expires")
    if by_target or not expires:
        return None
    until = {parse_date(one, NOW) for one in expires}
    if None in until or len(set(expires)) > 1:
        return 0
    made = parse_date(values(head, "date")[0], NOW) if values(head, "date") else None
    return max(0, (until.pop() or 0) - (int(NOW) if made is None else made))


@FUZZ
@given(HEADS, STATUSES, st.booleans())
def test_the_lifetime_is_what_the_rfc_says(head: Fields, status: int, authorized: bool) -> None:
    leave = judged(head, status, authorized)
    if isinstance(leave, str):
        return
    said = parse(", ".join(values(head, "cache-control")))
    if leave.lifetime.fresh:
        assert leave.lifetime.fresh == lifetime_by_the_book(head)
    elif leave.lifetime == Lifetime(0):
        assert values(head, "etag") or values(head, "last-modified")
    if not values(head, "cdn-cache-control"):
        assert True not in (said.private, said.doubtful)
        assert not said.no_store or (said.must_understand and status in UNDERSTOOD)
        assert not said.no_cache or leave.lifetime == Lifetime(0)


@FUZZ
@given(HEADS, STATUSES, st.booleans())
def test_what_is_never_kept_is_not_kept(head: Fields, status: int, authorized: bool) -> None:
    """Section 3, and what no shared cache should make of somebody's cookie."""
    leave = judged(head, status, authorized)
    if isinstance(leave, str):
        return
    assert 200 <= status < 500
    assert status not in (206, 304, 401, 416)
    assert not values(head, "set-cookie")
    assert not any("*" in value.split(",") for value in values(head, "vary"))
    assert leave.for_authorized or not authorized


@FUZZ
@given(HEADS, st.sampled_from(["no-store", "private", "max-age=x", 'a="']), st.data())
def test_a_prohibition_on_any_line_is_one(head: Fields, word: str, data: st.DataObject) -> None:
    """But for must-understand, which takes no-store back (section 5.2.2.3)."""
    assume(not any("must-understand" in value for _, value in head))
    assume(not values(head, "cdn-cache-control"))
    at = data.draw(st.integers(0, len(head)))
    spelt = data.draw(cased(st.just(word)))
    assert isinstance(judged([*head[:at], ("cache-control", spelt), *head[at:]]), str)


@FUZZ
@given(HEADS, TOKEN.filter(lambda name: name.lower() not in FLAGS | NUMBERS), LATIN)
def test_garbage_makes_nothing_more_storable_or_fresher(head: Fields, name: str, noise: str) -> None:
    before = judged(head)
    for line in (
        ("cache-control", noise),
        ("cache-control", f"{name}={noise}"),
        ("age", noise),
        ("vary", noise),
    ):
        if parse(line[1]) != parse("") and not parse(line[1]).doubtful and line[0] == "cache-control":
            continue  # by chance it is no garbage
        after = judged([*head, line])
        if isinstance(before, str):
            assert isinstance(after, str)
        elif isinstance(after, Received):
            assert after.lifetime == before.lifetime
            assert after.initial_age >= before.initial_age
            assert set(after.vary) >= set(before.vary)


@FUZZ
@given(HEADS, st.data())
def test_the_order_of_fields_of_different_names_means_nothing(head: Fields, data: st.DataObject) -> None:
    once = list({name: (name, value) for name, value in head}.values())
    assert judged(data.draw(st.permutations(once))) == judged(once)


@FUZZ
@example("99999999999900000000005", [], 0, 0)
@given(
    st.one_of(DELTAS, BAD_DELTAS, st.text(max_size=8)),
    st.lists(DELTAS | BAD_DELTAS, max_size=2),
    st.integers(-100, 100),
    st.integers(0, 50),
)
def test_age_is_the_first_member_or_what_the_date_tells(
    first: str, others: list[str], made: int, took: int
) -> None:
    """Section 4.2.3: corrected_initial_age, less the delay, which counts from when the request was sent."""
    head = [("age", ", ".join([first, *others])), ("date", http_date(NOW + made))]
    told = delta_seconds(first.partition(",")[0].strip(" \t")) or 0
    corrected = max(-made, told + took)
    found = initial_age(head, NOW - took, NOW)
    assert found == max(corrected - took, 0)
    assert 0 <= found <= MAX_LIFETIME


@FUZZ
@given(st.lists(st.lists(TOKEN | st.sampled_from(["", "*", "Accept"]), max_size=3), max_size=3), st.data())
def test_vary_is_one_list_however_it_is_written(lines: list[list[str]], data: st.DataObject) -> None:
    names = [name for line in lines for name in line]
    found = vary_of([("vary", ",".join(line)) for line in lines])
    spaced = ",".join(data.draw(OWS) + name + data.draw(OWS) for name in data.draw(st.permutations(names)))
    assert vary_of([("vary", data.draw(cased(st.just(spaced))))]) == found
    if "*" in names:
        assert found is None
    else:
        assert found == tuple(sorted({name.lower() for name in names if name}))


@FUZZ
@example([("cache-control", "max-age=60"), ("set-cookie", "a=1")], ["set-cookie"])
@given(
    HEADS,
    st.lists(st.sampled_from([*sorted(HOP), "age", "date", "expires", "Set-Cookie", "vary"]), min_size=1),
)
def test_a_connection_option_makes_nothing_more_storable_or_fresher(head: Fields, options: list[str]) -> None:
    """RFC 9110 section 7.6.1: options do not name fields that are meant for every recipient."""
    plain = judged(without_hops(head))
    after = judged(without_hops([*head, ("connection", ", ".join([*options, "Cache-Control"]))]))
    if isinstance(plain, str):
        assert isinstance(after, str)
    elif isinstance(after, Received):
        assert after.lifetime.fresh - after.initial_age <= plain.lifetime.fresh - plain.initial_age
        assert after.vary == plain.vary


ROUTES = st.none() | st.builds(Lifetime, st.integers(0, 99), st.integers(0, 99), st.integers(0, 99))


@effort(60)
@given(HEADS, STATUSES, ROUTES, st.integers(0, 60))
def test_a_page_that_wants_privacy_has_it(
    head: Fields, status: int, route: Lifetime | None, ttl: int
) -> None:
    """On a site a private beside a targeted field is heeded, whoever of loader and middleware said it."""
    asked = asked_lifetime(status, head, route, ttl)
    said = parse(", ".join(values(head, "cache-control")))
    if status >= 500 or said.private or said.no_store:
        assert asked is None
    if asked is not None and status == 404:
        assert asked == Lifetime(ttl)
