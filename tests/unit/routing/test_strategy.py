"""Who decides how a route is rendered."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from isrgen.routing.strategy import AUTHORITY, Claims, Mode, Strategy, decide_mode, strategy_of

NAMES = [name for name, _ in AUTHORITY]
SPEAKING = {
    "suffix": Mode.SSR,
    "folder": (Mode.SSR, "shop+ssr"),
    "front_matter": Mode.SSR,
    "rule": (Mode.SSR, "/shop/**"),
    "default": Mode.SSR,
}
SILENT = {"suffix": None, "folder": None, "front_matter": None, "rule": None, "default": Mode.SSG}


def test_the_order_of_authority_names_every_claim_once() -> None:
    assert sorted(NAMES) == sorted(field.name for field in fields(Claims))


def test_the_order_of_authority_is_that_of_the_contract() -> None:
    assert NAMES == ["suffix", "folder", "front_matter", "rule", "default"]


@pytest.mark.parametrize("strongest", NAMES)
def test_the_first_that_speaks_decides_whatever_the_weaker_ones_say(strongest: str) -> None:
    index = NAMES.index(strongest)
    claims = Claims(**{**SILENT, strongest: SPEAKING[strongest]})  # type: ignore[arg-type]
    assert decide_mode(claims)[0] is Mode.SSR
    for weaker in NAMES[index + 1 :]:
        against: object = Mode.SSG if weaker in ("front_matter", "default") else (Mode.SSG, "against")
        claims = replace(claims, **{weaker: against})  # type: ignore[arg-type]
    assert decide_mode(claims)[0] is Mode.SSR


def test_every_authority_gives_its_own_reason() -> None:
    reasons = {decide_mode(Claims(**{**SILENT, name: SPEAKING[name]}))[1] for name in NAMES}  # type: ignore[arg-type]
    assert reasons == {
        "the file suffix +ssr",
        "the folder shop+ssr",
        "mode: ssr in the front matter",
        "the rule for /shop/**",
        "default_mode = 'ssr'",
    }


TABLE = {
    (Mode.SSG, False): Strategy.SSG,
    (Mode.SSG, True): Strategy.SSG,
    (Mode.SSR, False): Strategy.SSR,
    (Mode.SSR, True): Strategy.ISR,
    (Mode.API, False): Strategy.API,
    (Mode.API, True): Strategy.API,
}


@pytest.mark.parametrize(("given", "strategy"), TABLE.items(), ids=str)
def test_mode_and_lifetime_make_a_strategy(given: tuple[Mode, bool], strategy: Strategy) -> None:
    assert strategy_of(*given) is strategy


def test_the_table_of_strategies_is_total() -> None:
    assert set(TABLE) == {(mode, lifetime) for mode in Mode for lifetime in (False, True)}
