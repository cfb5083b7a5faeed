"""From the files of one page to the page: its pattern, who decides its strategy, and what it may keep."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from isrgen.caching.invalidation import placeholders
from isrgen.caching.policy import CachePolicy
from isrgen.config import Config, Rule
from isrgen.routing.globs import Glob
from isrgen.routing.pattern import Pattern
from isrgen.routing.strategy import Claims, Mode, Strategy, decide_mode, strategy_of
from isrgen.routing.urls import join
from isrgen.site.metadata import Metadata


@dataclass(frozen=True, slots=True)
class Ruled:
    """What the rules say of one route: each key from the first rule that sets it, with that rule's path."""

    mode: tuple[Mode, str] | None = None
    cache: tuple[CachePolicy, str] | None = None
    headers: tuple[tuple[str, str], ...] = ()


class Rules:
    """``[[rules]]``, ready to be asked about many routes."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = [(Glob.parse(rule.path), rule) for rule in rules]

    def of(self, pattern: Pattern) -> Ruled:
        text = str(pattern)
        found = [rule for glob, rule in self._rules if glob.matches(text)]
        return Ruled(
            next(((rule.mode, rule.path) for rule in found if rule.mode is not None), None),
            next(((rule.cache, rule.path) for rule in found if rule.cache is not None), None),
            next((rule.headers for rule in found if rule.headers is not None), ()),
        )


@dataclass(frozen=True, slots=True)
class Decided:
    """A route's strategy, the reason in words, and its policy."""

    mode: Mode
    strategy: Strategy
    because: str
    policy: CachePolicy


def decide(config: Config, claims: Claims, ruled: Ruled, metadata: Metadata, pattern: Pattern) -> Decided:
    """Ask the authorities for the mode, and front matter, then the rules, for the lifetime."""
    mode, because = decide_mode(replace(claims, rule=ruled.mode, default=config.default_mode))
    if mode is Mode.SSG:
        return Decided(mode, Strategy.SSG, because, CachePolicy())
    policy, origin = CachePolicy(), ""
    if metadata.cache is not None:
        policy, origin = metadata.cache, "its own cache"
    elif ruled.cache is not None:
        policy, origin = _for_route(ruled.cache[0], pattern), f"the cache of the rule for {ruled.cache[1]}"
    if policy.lifetime is not None:
        because = f"{because}, and {origin}"
    return Decided(mode, strategy_of(mode, policy.lifetime is not None), because, policy)


def _for_route(policy: CachePolicy, pattern: Pattern) -> CachePolicy:
    """A rule covers many routes: tags that name a parameter this one has not are left out."""
    known = set(pattern.params)
    return replace(policy, tags=tuple(tag for tag in policy.tags if known.issuperset(placeholders(tag))))


def merge_headers(
    ruled: tuple[tuple[str, str], ...], own: tuple[tuple[str, str], ...]
) -> tuple[tuple[str, str], ...]:
    """A rule's headers and the page's own, which win by name."""
    names = {name.lower() for name, _ in own}
    return tuple(pair for pair in ruled if pair[0].lower() not in names) + own


@lru_cache(maxsize=4096)
def pattern_of(segments: tuple[str, ...], slash: bool) -> Pattern:
    """The pattern of segments as people write them; raises ValueError."""
    return Pattern(Pattern.parse("/" + "/".join(segments)).segments, slash)


def permalink_of(text: str, pattern: Pattern, slash: bool) -> Pattern:
    """The pattern that ``permalink`` gives a page; raises ValueError.

    A last segment with an extension, as in ``/feed.xml``, never has a slash.
    """
    if not text.startswith("/") or "?" in text or "#" in text or "//" in text:
        raise ValueError("it is not a path such as /news/tea/")
    found = Pattern.parse(text)
    if set(found.params) != set(pattern.params):
        named = ", ".join(f"[{name}]" for name in pattern.params) or "no parameters"
        raise ValueError(f"the page has {named}, and its permalink must have the same")
    if any(part.value in (".", "..") or part.value.startswith("_isrgen") for part in found.segments[:1]):
        raise ValueError("paths below /_isrgen/ belong to the server")
    last = found.segments[-1].value if found.segments else ""
    is_file = "." in last.strip(".") and not text.endswith("/")
    return Pattern(found.segments, slash and not is_file)


def url_of(pattern: Pattern) -> str:
    """The percent-encoded path of a pattern without parameters, empty for the others."""
    return join((part.value for part in pattern.segments), pattern.slash) if pattern.is_static else ""


def unknown_placeholders(policy: CachePolicy, pattern: Pattern) -> Mapping[str, str]:
    """Tags that name a parameter which the route has not, with that name."""
    known = set(pattern.params)
    return {tag: name for tag in policy.tags for name in placeholders(tag) if name not in known}
