"""How a route is rendered, and who decides.

``AUTHORITY`` is the order of authority, once, for the code and for the docs:
the first of these that speaks decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final


class Strategy(Enum):
    """The four words of the contract."""

    SSG = "SSG"
    ISR = "ISR"
    SSR = "SSR"
    API = "API"


METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
"""What an API route answers: the names of its functions, in the order of an ``Allow`` field."""


class Mode(Enum):
    """What front matter, rules and suffixes may say."""

    SSG = "ssg"
    SSR = "ssr"
    API = "api"


@dataclass(frozen=True, slots=True)
class Claims:
    """What each authority says of one page; None where it is silent.

    ``rule`` and ``folder`` are the mode with the words that name its source.
    """

    suffix: Mode | None = None
    folder: tuple[Mode, str] | None = None
    front_matter: Mode | None = None
    rule: tuple[Mode, str] | None = None
    default: Mode = Mode.SSG


AUTHORITY: Final = (
    ("suffix", "the file's own suffix, `about+ssr.md`"),
    ("folder", "the suffix of the innermost folder that has one, `dashboard+ssr/index.html`"),
    ("front_matter", "`mode:` in the front matter"),
    ("rule", "the first of `[[rules]]` that matches and has a `mode`"),
    ("default", "`default_mode` in the configuration"),
)
"""(field of ``Claims``, what it is), the strongest first."""


def decide_mode(claims: Claims) -> tuple[Mode, str]:
    """The mode and the reason for it, in words.

    >>> decide_mode(Claims(front_matter=Mode.SSR))
    (<Mode.SSR: 'ssr'>, 'mode: ssr in the front matter')
    """
    if claims.suffix is not None:
        return claims.suffix, f"the file suffix +{claims.suffix.value}"
    if claims.folder is not None:
        return claims.folder[0], f"the folder {claims.folder[1]}"
    if claims.front_matter is not None:
        return claims.front_matter, f"mode: {claims.front_matter.value} in the front matter"
    if claims.rule is not None:
        return claims.rule[0], f"the rule for {claims.rule[1]}"
    return claims.default, f"default_mode = {claims.default.value!r}"


def strategy_of(mode: Mode, has_lifetime: bool) -> Strategy:
    """A mode and a declared lifetime make a strategy.

    >>> strategy_of(Mode.SSR, True), strategy_of(Mode.SSR, False)
    (<Strategy.ISR: 'ISR'>, <Strategy.SSR: 'SSR'>)
    """
    if mode is Mode.SSR:
        return Strategy.ISR if has_lifetime else Strategy.SSR
    return Strategy.SSG if mode is Mode.SSG else Strategy.API
