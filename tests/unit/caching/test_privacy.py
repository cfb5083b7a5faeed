"""What a render read decides who may share its response."""

from __future__ import annotations

import pytest

from isrgen.caching.policy import CachePolicy, Lifetime
from isrgen.caching.privacy import EFFECTS, Judgment, Read, What, judge

ASKED = Lifetime(60)
BARE = CachePolicy()
LISTED = CachePolicy(query=("page",), vary=("X-Theme",), bypass_cookies=("session",))


def judged(*reads: Read, policy: CachePolicy = BARE, **facts: object) -> Judgment:
    said: dict[str, object] = {"asked": ASKED, "status": 200, "set_cookie": False} | facts
    return judge(reads, policy, **said)  # type: ignore[arg-type]


def test_every_kind_of_read_has_a_rule() -> None:
    assert set(EFFECTS) == set(What)


@pytest.mark.parametrize(
    ("read", "policy"),
    [
        (Read(What.COOKIE, "session"), LISTED),
        (Read(What.COOKIE, "theme"), LISTED),
        (Read(What.ALL_COOKIES), LISTED),
        (Read(What.HEADER, "cookie"), LISTED),
        (Read(What.QUERY, "page"), LISTED),
    ],
)
def test_a_harmless_read_leaves_a_response_shared(read: Read, policy: CachePolicy) -> None:
    assert judged(read, policy=policy) == Judgment(ASKED)


@pytest.mark.parametrize(
    ("name", "policy"), [("accept", BARE), ("accept-language", BARE), ("x-theme", LISTED)]
)
def test_a_header_that_is_listed_or_negotiates_joins_vary(name: str, policy: CachePolicy) -> None:
    assert judged(Read(What.HEADER, name), policy=policy) == Judgment(ASKED, (name,))


@pytest.mark.parametrize(
    ("read", "policy", "reason", "mend"),
    [
        (Read(What.COOKIE, "session"), BARE, "reads-cookie", "bypass-cookies: [session]"),
        (Read(What.ALL_COOKIES), BARE, "reads-cookie", "bypass-cookies: [session]"),
        (Read(What.HEADER, "cookie"), BARE, "reads-cookie", "bypass-cookies: [session]"),
        (Read(What.HEADER, "authorization"), LISTED, "reads-authorization", "without a lifetime"),
        (Read(What.HEADER, "user-agent"), LISTED, "reads-header", "vary: [user-agent]"),
        (Read(What.ALL_HEADERS), LISTED, "reads-header", "vary: [Accept-Language]"),
        (Read(What.QUERY, "utm"), LISTED, "reads-query", "query: [utm]"),
        (Read(What.ALL_QUERY), LISTED, "reads-query", "query: [page]"),
        (Read(What.CLIENT), LISTED, "reads-client", "address"),
    ],
)
def test_a_read_that_tells_visitors_apart_makes_private_and_warns(
    read: Read, policy: CachePolicy, reason: str, mend: str
) -> None:
    placed = Read(read.what, read.name, "content/a+ssr.py", 7)
    judgment = judged(placed, policy=policy)
    assert (judgment.lifetime, judgment.reason) == (None, reason)
    (warning,) = judgment.warnings
    assert warning.where == "content/a+ssr.py:7"
    assert mend in warning.hint


def test_every_offending_read_is_told() -> None:
    judgment = judged(Read(What.QUERY, "a"), Read(What.HEADER, "accept"), Read(What.QUERY, "b"))
    assert [w.message.count("`a`") + w.message.count("`b`") for w in judgment.warnings] == [1, 1]


def test_a_cookie_that_was_set_makes_private_without_a_warning() -> None:
    assert judged(set_cookie=True) == Judgment(None, reason="set-cookie")


@pytest.mark.parametrize("vary", ["*", "Cookie", "Authorization", "User-Agent", "Accept, cookie"])
def test_a_vary_that_no_key_can_honour_is_refused_not_dropped(vary: str) -> None:
    judgment = judged(policy=LISTED, vary=[vary])
    assert (judgment.lifetime, judgment.reason, len(judgment.warnings)) == (None, "vary", 1)


def test_a_vary_that_is_listed_joins() -> None:
    assert judged(policy=LISTED, vary=["X-Theme, Accept"]).vary == ("accept", "x-theme")


def test_listing_cookie_under_vary_does_not_make_it_shareable() -> None:
    policy = CachePolicy(vary=("Cookie", "*"))
    assert judged(Read(What.ALL_COOKIES), policy=policy).lifetime is None
    assert judged(policy=policy, vary=["cookie"]).lifetime is None


def test_a_request_that_bypassed_is_answered_privately() -> None:
    assert judged(bypassed=True) == Judgment(None, reason="bypass")


@pytest.mark.parametrize("facts", [{"asked": None}, {"status": 500}, {"status": 503}])
def test_nothing_is_warned_of_when_nothing_was_to_be_shared(facts: dict[str, object]) -> None:
    assert judged(Read(What.COOKIE, "a"), **facts) == Judgment(None)


def test_a_name_that_a_visitor_chose_forges_no_line_and_fills_no_log() -> None:
    (told,) = judged(Read(What.QUERY, "a\n12:00:00 INFO forged\x1b[2J" + "x" * 9000)).warnings
    assert str(told).splitlines()[0].startswith("This reads the query parameter `a\\n12:00:00 INFO forged")
    assert "\x1b" not in str(told)
    assert len(str(told)) < 1000


@pytest.mark.parametrize("name", ["host", "x-forwarded-host", "forwarded", "x-real-ip"])
def test_where_a_request_says_it_came_from_is_never_in_a_key_though_a_route_lists_it(name: str) -> None:
    made = judged(Read(What.HEADER, name), policy=CachePolicy(vary=(name.title(),)))
    assert (made.lifetime, made.vary, made.reason) == (None, (), "reads-header")
    assert "List `vary" not in str(made.warnings[0])
    assert judged(vary=(name,), policy=CachePolicy(vary=(name,))).reason == "vary"
