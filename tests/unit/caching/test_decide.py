"""The table is total, and says what the words mean."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from isrgen.caching.decide import TABLE, Action, Found, Origin, decide, is_reusable, usable_on_error
from isrgen.caching.policy import Lifetime
from isrgen.caching.status import Fwd
from isrgen.caching.stored import HeaderPairs, Stored

PAGE = Stored(200, (), b"", "", Lifetime(60, 30, 100), 1000.0)


def nothing(names: tuple[str, ...]) -> HeaderPairs:
    return tuple((name, "") for name in names)


def test_the_table_is_total() -> None:
    assert set(TABLE) == set(itertools.product(Found, Origin))


def test_only_what_is_forwarded_says_why() -> None:
    for decision in TABLE.values():
        sent = decision.action in (Action.SEND, Action.SEND_AND_REVALIDATE)
        assert sent == (decision.fwd is None)


def test_nothing_is_asked_behind_the_back_of_a_visitor_while_backing_off() -> None:
    for (_, origin), decision in TABLE.items():
        if origin is not Origin.READY:
            assert decision.action in (Action.SEND, Action.FORWARD)


@pytest.mark.parametrize(
    ("now", "action", "fwd"),
    [
        (1000, Action.SEND, None),
        (1070, Action.SEND_AND_REVALIDATE, None),
        (1100, Action.REVALIDATE, Fwd.STALE),
        (1200, Action.FORWARD, Fwd.STALE),
    ],
)
def test_age_leads_to_an_action(now: float, action: Action, fwd: Fwd | None) -> None:
    decision = decide([PAGE], nothing, now)
    assert (decision.action, decision.fwd, decision.stored) == (action, fwd, PAGE)


def test_a_miss_is_told_from_a_variant_that_is_missing() -> None:
    other = Stored(200, (), b"", "", Lifetime(60), 1000.0, (("accept-language", "de"),))
    assert decide([], nothing, 1000).fwd is Fwd.URI_MISS
    assert decide([other], nothing, 1000).fwd is Fwd.VARY_MISS


def test_a_bypass_ignores_what_is_stored_and_keeps_nothing() -> None:
    decision = decide([PAGE], nothing, 1000, bypass="cookie")
    assert (decision.fwd, decision.detail, decision.keep, decision.stored) == (
        Fwd.BYPASS,
        "cookie",
        False,
        None,
    )


def test_the_last_good_page_stands_in_within_its_windows() -> None:
    assert usable_on_error(PAGE, 1159)
    assert not usable_on_error(PAGE, 1160)
    assert not usable_on_error(None, 1000)


def test_a_dead_origin_lets_more_be_sent_than_one_that_fails() -> None:
    """RFC 9111 section 4.2.4."""
    stored = Stored(200, (), b"", "", Lifetime(60), 1000.0, if_disconnected=100)
    assert usable_on_error(stored, 1159, unreachable=True)
    assert not usable_on_error(stored, 1159)
    assert not usable_on_error(stored, 1160, unreachable=True)
    assert decide([stored], nothing, 1100, origin=Origin.UNREACHABLE).action is Action.SEND
    assert decide([stored], nothing, 1100, origin=Origin.BACKING_OFF).action is Action.FORWARD


def test_a_request_with_credentials_gets_what_allows_it() -> None:
    """RFC 9111 section 3.5."""
    assert decide([PAGE], nothing, 1000, authorized=True).stored is None
    assert decide([replace(PAGE, for_authorized=True)], nothing, 1000, authorized=True).action is Action.SEND


def test_what_must_be_validated_is_no_answer_for_those_who_waited() -> None:
    assert is_reusable(PAGE, 1070)
    assert not is_reusable(PAGE, 1100)
