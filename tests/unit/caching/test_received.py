"""Whatever an origin says, there is a verdict; tests/rfc asks which."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from isrgen.caching.policy import MAX_LIFETIME, Lifetime
from isrgen.caching.received import Received, received
from isrgen.caching.stored import NEVER_STALE

NAMES = st.sampled_from(
    [
        "age",
        "cache-control",
        "cdn-cache-control",
        "cache-tag",
        "date",
        "etag",
        "expires",
        "last-modified",
        "vary",
    ]
)
WORDS = st.sampled_from(
    ["max-age=60", "s-maxage=9", "no-store", "private", "public", "*", "Foo", '"', "0", "=", "-1", "9" * 30]
)
VALUES = st.one_of(st.lists(WORDS).map(", ".join), st.text(st.characters(max_codepoint=255), max_size=40))


@given(st.integers(100, 999), st.lists(st.tuples(NAMES, VALUES), max_size=6), st.booleans())
def test_any_head_has_a_verdict_within_bounds(
    status: int, headers: list[tuple[str, str]], authorized: bool
) -> None:
    verdict = received(status, headers, asked_at=1e9, now=1e9 + 2, authorized=authorized)
    if isinstance(verdict, Received):
        assert 0 <= verdict.lifetime.fresh <= MAX_LIFETIME
        assert 0 <= verdict.initial_age <= MAX_LIFETIME
        assert "*" not in verdict.vary
        assert 200 <= status < 500
        assert verdict.for_authorized or not authorized
    else:
        assert verdict


def test_what_has_no_lifetime_and_could_not_be_asked_about_is_not_kept() -> None:
    for field, disconnected in (("no-cache", NEVER_STALE), ("max-age=0", 0)):
        plain, tagged = [("cache-control", field)], [("cache-control", field), ("etag", '"a"')]
        assert received(200, plain, asked_at=0, now=0, authorized=False) == "no-lifetime"
        kept = received(200, tagged, asked_at=0, now=0, authorized=False)
        assert isinstance(kept, Received)
        assert (kept.lifetime, kept.if_disconnected) == (Lifetime(0), disconnected)
