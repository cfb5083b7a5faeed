"""Headers by rule: what the configuration adds to every response of some paths."""

from __future__ import annotations

from collections.abc import Iterable

from isrgen.http.headers import Headers
from isrgen.manifest import HeaderRule, Pairs
from isrgen.routing.globs import Glob


class HeaderRules:
    """The site's header rules, compiled; the first one that matches counts, as for every key of a rule."""

    def __init__(self, rules: Iterable[HeaderRule]) -> None:
        self._rules = [(Glob.parse(rule.path), rule.headers) for rule in rules]

    def apply(self, headers: Headers, path: str) -> None:
        """Add the headers for a route's pattern, or for a decoded path; what is there stays."""
        for glob, pairs in self._rules:
            if glob.matches(path):
                add_missing(headers, pairs)
                return


def add_missing(headers: Headers, pairs: Pairs) -> None:
    """Add those headers whose name is not there yet."""
    there = set(headers)
    for name, value in pairs:
        if name.lower() not in there:
            headers.append(name, value)
