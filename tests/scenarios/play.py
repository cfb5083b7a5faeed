"""Cache plays: short scripts of what a cache owes, and how to run one on any cache.

A play is a text file. Its first comment is its title; a line is one step:

    needs: purge-by-tag          not for a cache that lacks this
    origin s-maxage=4 ...        the Cache-Control that the page sends from now on
    page status=404              the page's status; also tags=a,b  degraded=why  reads=cookie:session
    page echo=header:x-host      the body goes on with what the page was told there: v1:VALUE
    page header Set-Cookie: a=1  one more header; `page header` alone takes them away
    fail 503 / recover           every render fails / works again
    slow 2                       a render takes so many seconds
    hold / release               renders wait / go on
    publish                      the page's content changes: v1, v2, ...
    wait 2.5                     seconds pass
    get / cookie:a=1 accept-language:de -> v1 hit
    head / -> empty hit, post / -> v1 private
    start A get / ... done A -> v1 collapsed        requests under way at the same time
    crowd A 50 get / ... done A -> v1               fifty of them, each of which has to be so
    purge tag:blog [hard], purge path:/ [hard]
    origin-saw 2                 renders so far
    kill                         the process that renders dies, as by `kill -9`
    store gone / store back      the store goes away / is there again, empty

In a header ``@etag`` is the entity tag that came last, ``@draft`` a draft visitor's cookie.
After ``->`` stands what is expected of the response: ``vN`` its content (``empty``: none),
``hit``, ``stale`` (a hit past its lifetime), ``stored``, ``collapsed``, ``fwd=REASON``,
``detail=WORD``, ``status=N``, ``private`` or ``shared``, ``unstored`` (neither from the store nor into it),
``without=TEXT`` (which is not in the body), ``same-etag`` or ``new-etag`` (than
the one before), ``gone`` (the connection ended without a response), ``at-once`` (no render
was waited for).

A cache under test is a ``Stage``; the pages it serves are described in ``site/README.md``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

PLAYS = sorted((Path(__file__).parent / "plays").glob("*.play"))


@dataclass(frozen=True)
class Behaviour:
    """What the pages under test do when they are rendered."""

    cache_control: str = ""
    version: int = 1
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    tags: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    echo: str = ""
    degraded: str = ""
    delay: float = 0.0
    held: bool = False


@dataclass(frozen=True)
class Reply:
    """A response: header names in lower case, ``seconds`` as the stage's clock saw them pass.

    Its status is 0 where the connection ended without one.
    """

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    seconds: float = 0.0


class Stage(Protocol):
    """A cache under test with the pages behind it.

    ``means`` gives, for a word that plays expect, what this cache says in its
    place; "" where it says nothing of the kind.
    """

    means: Mapping[str, str]

    async def behave(self, behaviour: Behaviour) -> None: ...
    async def request(self, method: str, path: str, headers: list[tuple[str, str]]) -> Reply: ...
    async def wait(self, seconds: float) -> None: ...
    async def purge(self, kind: str, name: str, hard: bool) -> None: ...
    async def renders(self) -> int: ...
    async def draft(self) -> str: ...
    async def kill(self) -> None: ...
    async def store_there(self, there: bool) -> None: ...


@dataclass(frozen=True)
class Step:
    line: int
    verb: str
    words: tuple[str, ...]
    expect: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True)
class Play:
    name: str
    title: str
    needs: frozenset[str]
    steps: tuple[Step, ...]


@dataclass
class _Run:
    behaviour: Behaviour = Behaviour()
    under_way: dict[str, list[asyncio.Task[Reply]]] = field(default_factory=dict)
    etag: str = ""


SETTINGS = {"origin", "page", "fail", "recover", "slow", "hold", "release", "publish"}
REQUESTS = {"get", "head", "post"}
ACTIONS = {"start", "crowd", "done", "wait", "purge", "origin-saw", "kill", "store"}
VERBS = SETTINGS | REQUESTS | ACTIONS


def parse(name: str, text: str) -> Play:
    """A play from its text; raises ValueError with the line of a step that is none."""
    title, needs, steps = "", set(), []
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if line.startswith("#"):
            title = title or line[1:].strip()
            continue
        if line.startswith("needs:"):
            needs.update(line.removeprefix("needs:").replace(",", " ").split())
            continue
        if not line:
            continue
        said, _, expected = line.partition("->")
        verb, *words = said.split()
        if verb not in VERBS:
            raise ValueError(f"{name}:{number}: there is no step {verb!r}")
        steps.append(Step(number, verb, tuple(words), tuple(expected.split()), said.strip()))
    if not title or not steps:
        raise ValueError(f"{name}: a play has a title and steps")
    return Play(name, title, frozenset(needs), tuple(steps))


def load(path: Path) -> Play:
    return parse(path.stem, path.read_text(encoding="utf-8"))


async def run(play: Play, stage: Stage) -> None:
    """Run every step; raises AssertionError that names the play's line."""
    state = _Run()
    await stage.behave(state.behaviour)
    for step in play.steps:
        try:
            await _step(step, state, stage)
        except AssertionError as error:
            raise AssertionError(f"{play.name}.play:{step.line}: {step.text}: {error}") from error


async def _step(step: Step, state: _Run, stage: Stage) -> None:
    words = step.words
    match step.verb:
        case "get" | "head" | "post":
            headers = await _headers(words[1:], state, stage)
            await _check(await stage.request(step.verb.upper(), words[0], headers), step, state, stage)
        case "start":
            await _begin(words[0], 1, words[1:], state, stage)
        case "crowd":
            await _begin(words[0], int(words[1]), words[2:], state, stage)
        case "done":
            for task in state.under_way.pop(words[0]):
                await _check(await task, step, state, stage)
        case "wait":
            await stage.wait(float(words[0]))
        case "purge":
            kind, _, name = words[0].partition(":")
            await stage.purge(kind, name, "hard" in words[1:])
        case "kill":
            await stage.kill()
        case "store":
            await stage.store_there(words[0] == "back")
        case "origin-saw":
            seen = await stage.renders()
            assert seen == int(words[0]), f"there were {seen} renders"
        case _:
            state.behaviour = _changed(state.behaviour, step)
            await stage.behave(state.behaviour)


async def _begin(name: str, count: int, words: tuple[str, ...], state: _Run, stage: Stage) -> None:
    method, path, *rest = words
    headers = await _headers(tuple(rest), state, stage)
    requests = [stage.request(method.upper(), path, headers) for _ in range(count)]
    state.under_way[name] = [asyncio.ensure_future(request) for request in requests]
    await stage.wait(0)


async def _headers(words: tuple[str, ...], state: _Run, stage: Stage) -> list[tuple[str, str]]:
    pairs = []
    for word in words:
        name, _, value = word.partition(":")
        if "@draft" in value:
            value = value.replace("@draft", await stage.draft())
        pairs.append((name, value.replace("@etag", state.etag)))
    return pairs


def _changed(now: Behaviour, step: Step) -> Behaviour:
    words = step.words
    match step.verb:
        case "origin":
            return replace(now, cache_control=", ".join(("public", *words) if _is_shared(words) else words))
        case "fail":
            return replace(now, status=int(words[0]))
        case "recover":
            return replace(now, status=200, degraded="")
        case "slow":
            return replace(now, delay=float(words[0]))
        case "hold" | "release":
            return replace(now, held=step.verb == "hold")
        case "publish":
            return replace(now, version=now.version + 1)
    if words[0] == "header":
        name, _, value = step.text.partition("header")[2].partition(":")
        return replace(now, headers=((name.strip(), value.strip()),) if value else ())
    name, _, value = words[0].partition("=")
    parts = tuple(part for part in value.split(",") if part)
    changes: dict[str, object] = {
        "status": int(value) if name == "status" else 0,
        "tags": parts,
        "reads": parts,
        "echo": value,
        "degraded": value,
    }
    return replace(now, **{name: changes[name]})  # type: ignore[arg-type]


def _is_shared(words: tuple[str, ...]) -> bool:
    return not {"private", "no-store", "no-cache"} & set(words)


async def _check(reply: Reply, step: Step, state: _Run, stage: Stage) -> None:
    words = tuple(word for word in (stage.means.get(word, word) for word in step.expect) if word)
    status = [part.strip() for part in reply.headers.get("cache-status", "").split(";")]
    ttl = next((int(part[4:]) for part in status if part.startswith("ttl=")), None)
    cache_control = reply.headers.get("cache-control", "")
    etag = reply.headers.get("etag", "")
    seen = (
        f"{reply.status} {reply.body[:80]!r} Cache-Status: {'; '.join(status)} Cache-Control: {cache_control}"
    )
    for word in words:
        holds = {
            "hit": "hit" in status and (ttl is None or ttl > 0 or "stale" in words),
            "stale": "hit" in status and ttl is not None and ttl <= 0,
            "stored": "stored" in status,
            "collapsed": "collapsed" in status or "detail=collapsed" in status,
            "private": cache_control == "private, no-store",
            "unstored": not {"hit", "stored"} & set(status),
            "shared": cache_control.startswith("public"),
            "same-etag": bool(etag) and etag == state.etag,
            "new-etag": bool(etag) and etag != state.etag,
            "empty": not reply.body,
            "gone": reply.status == 0,
            "at-once": reply.seconds < 0.5,
        }.get(word)
        if holds is None:
            name, equals, value = word.partition("=")
            if name == "status":
                holds = reply.status == int(value)
            elif name == "without":
                holds = value not in reply.body
            else:
                holds = word in status if equals else reply.body == word
        assert holds, f"expected {word}, got {seen}"
    if step.expect and not {"gone"} & set(words) and not any(word.startswith("status=") for word in words):
        assert reply.status == 200, f"expected 200, got {seen}"
    state.etag = etag or state.etag
