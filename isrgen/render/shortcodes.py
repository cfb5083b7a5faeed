"""The syntax of shortcodes: ``{{< name key="value" >}}`` and ``{{< /name >}}``.

Reading a tag never depends on Markdown; where tags are looked for is the
engine's business.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

OPENING: Final = "{{<"

_LONGEST: Final = 8_000
_STOP: Final = re.compile(r"\"[^\"]*\"|'[^']*'|>\}\}|\{\{<")
_NAME: Final = re.compile(r"\s*(/?)\s*([A-Za-z_][\w-]*(?:/[A-Za-z_][\w-]*)*)(?=\s|/|$)")
_ARGUMENT: Final = re.compile(
    r"\s+(?:(?P<key>[A-Za-z_][\w-]*)\s*=\s*)?(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)'|(?P<bare>[^\s\"'=]+))"
)
_CODE: Final = re.compile(r"(?P<fence>^[ \t>]*(?P<mark>`{3,}|~{3,}).*$)|(?P<ticks>`+)|\{\{<", re.MULTILINE)
_RESERVED: Final = frozenset({"page", "site", "data", "content", "args"})
_WORDS: Final[dict[str, bool]] = {"true": True, "false": False}

Value = str | bool | int


@dataclass(frozen=True, slots=True)
class Call:
    """One tag, read. ``problem`` says in a sentence what is wrong with it; ``end`` is where it ends."""

    name: str
    args: dict[str | int, Value]
    line: int
    end: int
    closing: bool = False
    alone: bool = False
    problem: str = ""


def read_tag(text: str, start: int, line: int = 1) -> Call:
    """The tag that begins at ``text[start:]``, which is ``{{<``."""
    inner = start + len(OPENING)
    end = None
    for found in _STOP.finditer(text, inner, min(len(text), start + _LONGEST)):
        if found[0] == ">}}":
            end = found.start()
        if found[0] in (">}}", OPENING):
            break
    if end is None:
        return Call("", {}, line, inner, problem="The shortcode has no `>}}` at its end.")
    return _read(text[inner:end], line, end + 3)


def _read(text: str, line: int, end: int) -> Call:
    named = _NAME.match(text)
    if named is None:
        return Call("", {}, line, end, problem=f"`{{{{<{text}>}}}}` names no shortcode.")
    rest = text[named.end() :].rstrip()
    alone = rest.endswith("/") and (rest == "/" or rest[-2].isspace() or rest[-2] in "\"'")
    if alone:
        rest = rest[:-1].rstrip()
    args, problem = _arguments(rest, named[2])
    return Call(named[2], args, line, end, bool(named[1]), alone, problem)


def _arguments(text: str, name: str) -> tuple[dict[str | int, Value], str]:
    args: dict[str | int, Value] = {}
    at = 0
    places = 0
    while at < len(text):
        found = _ARGUMENT.match(text, at)
        if found is None:
            return args, f"The shortcode {name!r} has an argument that cannot be read: {text[at:].strip()!r}."
        at = found.end()
        key: str | int | None = found["key"]
        if key is None:
            key, places = places, places + 1
        if key in args:
            return args, f"The shortcode {name!r} has the argument {key!r} twice."
        if key in _RESERVED:
            return (
                args,
                f"The shortcode {name!r} has an argument {key!r}, a name that templates have already.",
            )
        args[key] = _value(found)
    return args, ""


def _value(found: re.Match[str]) -> Value:
    bare: str | None = found["bare"]
    if bare is None:
        return found["double"] if found["double"] is not None else found["single"]
    if bare in _WORDS:
        return _WORDS[bare]
    return int(bare) if bare.isascii() and bare.isdigit() and len(bare) < 16 else bare


def tags(text: str, start: int, end: int) -> Iterator[tuple[int, Call]]:
    """Every tag in ``text[start:end]`` that is not in code, with its position."""
    at = start
    while (found := _CODE.search(text, at, end)) is not None:
        if found["fence"]:
            at = _after_fence(text, found, end)
        elif found["ticks"]:
            at = _after_ticks(text, found, end)
        else:
            call = read_tag(text, found.start())
            yield found.start(), call
            at = call.end


def _after_fence(text: str, fence: re.Match[str], end: int) -> int:
    mark = fence["mark"]
    if mark[0] == "`" and "`" in fence[0][fence[0].index(mark) + len(mark) :]:
        return fence.end()
    close = re.compile(rf"^[ \t>]*{re.escape(mark[0])}{{{len(mark)},}}[ \t]*$", re.MULTILINE)
    found = close.search(text, fence.end(), end)
    return found.end() if found else end


def _after_ticks(text: str, ticks: re.Match[str], end: int) -> int:
    """Past the code span that these backticks open, or past the backticks where they open none."""
    width = len(ticks["ticks"])
    limit = text.find("\n\n", ticks.end(), end)
    for found in re.compile("`+").finditer(text, ticks.end(), limit if limit >= 0 else end):
        if len(found[0]) == width:
            return found.end()
    return ticks.end()


def pairs(text: str) -> dict[int, tuple[int, int]]:
    """For each opening tag that is closed: where its closing tag begins and ends.

    >>> pairs("{{< a >}}{{< b >}}x{{< /a >}}")
    {0: (19, 29)}
    """
    found: dict[int, tuple[int, int]] = {}
    open_tags: dict[str, list[int]] = {}
    for at, call in tags(text, 0, len(text)):
        if not call.closing and not call.alone:
            open_tags.setdefault(call.name, []).append(at)
        elif call.closing and open_tags.get(call.name):
            found[open_tags[call.name].pop()] = (at, call.end)
    return found


class Rows:
    """Which row of a text a position is on; rows count from 0."""

    def __init__(self, text: str) -> None:
        self._breaks = [found.start() for found in re.finditer("\n", text)]

    def at(self, position: int) -> int:
        return bisect_right(self._breaks, position - 1)
