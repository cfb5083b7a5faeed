"""The keys of ``[targets.NAME]``, checked against a table; every problem at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from isrgen.errors import Problem


@dataclass(frozen=True, slots=True)
class Option:
    """One key: ``accepts`` judges its value, ``form`` says in words what is accepted."""

    accepts: Callable[[Any], bool]
    form: str


def option_problems(target: str, options: Mapping[str, Any], known: Mapping[str, Option]) -> list[Problem]:
    """A problem for each unknown key and each value that its key does not take."""
    found = []
    for key, value in options.items():
        option = known.get(key)
        if option is None:
            near = get_close_matches(key, known, n=1)
            guess = f"Did you mean `{near[0]}`? " if near else ""
            found.append(
                Problem(
                    f"[targets.{target}] has no key called `{key}`.",
                    f"{guess}It takes: {', '.join(sorted(known))}.",
                )
            )
        elif not option.accepts(value):
            found.append(
                Problem(
                    f"`{key}` in [targets.{target}] is {value!r}, which it does not take.",
                    f"Write {option.form}.",
                )
            )
    return found


def one_of(*choices: str) -> Option:
    """One of these words."""
    return Option(lambda value: value in choices, "one of: " + ", ".join(f'"{word}"' for word in choices))


def number(low: int, high: int) -> Option:
    """A whole number within bounds."""
    return Option(
        lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high,
        f"a whole number from {low} to {high}",
    )


def words(form: str) -> Option:
    """A list of non-empty strings."""
    return Option(
        lambda value: (
            isinstance(value, list) and bool(value) and all(isinstance(v, str) and v for v in value)
        ),
        form,
    )


def text(form: str) -> Option:
    """A non-empty string."""
    return Option(lambda value: isinstance(value, str) and bool(value.strip()), form)
