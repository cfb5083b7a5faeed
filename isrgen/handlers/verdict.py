"""The judgment on one response: its final headers, and who may share it.

Everything that can still change a response has spoken before: loader,
templates, middleware, front matter and rules.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from urllib.parse import quote

from isrgen.caching.automatic import page_tag
from isrgen.caching.fields import is_cache_field
from isrgen.caching.invalidation import tags_of
from isrgen.caching.policy import Lifetime
from isrgen.caching.privacy import Read, judge
from isrgen.caching.storing import asked_lifetime, bounded
from isrgen.errors import Problem
from isrgen.handlers.blame import relative
from isrgen.handlers.header_rules import HeaderRules, add_missing
from isrgen.http.answer import Shared
from isrgen.http.context import RenderContext
from isrgen.http.headers import Headers
from isrgen.http.request import Request, bypass_of, shows_cookies
from isrgen.http.response import Response
from isrgen.manifest import Route
from isrgen.routing.urls import SAFE

log = logging.getLogger("isrgen")

_MOST_WARNINGS: Final = 1000


@dataclass(frozen=True, slots=True)
class Verdict:
    """``headers`` hold no cache field; ``shared`` is None for a private response, ``reason`` says why."""

    headers: Headers
    shared: Shared | None = None
    reason: str = ""
    problems: tuple[Problem, ...] = ()

    def private(self, reason: str) -> Verdict:
        """The same response, for one visitor only."""
        return replace(self, shared=None, reason=reason)


@dataclass(frozen=True, slots=True)
class Judge:
    """What a site's judgments have in common."""

    rules: HeaderRules
    not_found_ttl: int
    root: Path

    def decide(
        self,
        route: Route,
        request: Request,
        response: Response,
        context: RenderContext,
        *,
        reads: Iterable[Read],
        now: float,
        next_change: float | None,
        inputs: Iterable[str] = (),
    ) -> Verdict:
        """The verdict; ``next_change`` is when what the page lists changes by itself.

        ``inputs`` are the tags of what the render read of the site.
        """
        headers = response.headers.copy()
        add_missing(headers, route.headers)
        self.rules.apply(headers, str(route.pattern))
        judgment = judge(
            reads,
            route.policy,
            asked=self._asked(route, request, response, headers),
            status=response.status,
            set_cookie="set-cookie" in headers,
            vary=headers.getall("vary"),
            bypassed=_is_bypassed(route, request),
        )
        for name in filter(is_cache_field, tuple(headers)):
            headers.delete(name)
        problems = tuple(self._placed(problem, route) for problem in judgment.warnings)
        verdict = Verdict(headers, None, bypass_of(request) or judgment.reason, problems)
        if judgment.lifetime is None:
            return verdict
        # One that changes within the second is fresh for none, yet as much everybody's as any other.
        lifetime = bounded(judgment.lifetime, now, next_change)
        headers.delete("vary")
        itself = page_tag(quote(request.path, safe=f"/{SAFE}"))
        tags = tags_of(route.policy.tags, request.params, context.tags, (itself, *inputs))
        shared = Shared(lifetime, judgment.vary, tags, judgment.lifetime, next_change)
        return replace(verdict, shared=shared)

    def _asked(self, route: Route, request: Request, response: Response, headers: Headers) -> Lifetime | None:
        if request.method not in ("GET", "HEAD"):
            return None
        return asked_lifetime(response.status, headers.pairs(), route.policy.lifetime, self.not_found_ttl)

    def _placed(self, problem: Problem, route: Route) -> Problem:
        """With a file as the site's author knows it."""
        file = relative(problem.file, self.root) or problem.file or route.module or route.source
        return replace(problem, file=file)


def _is_bypassed(route: Route, request: Request) -> bool:
    """Whether this request is for one visitor alone; one that shows cookies where listed ones bypass is."""
    return bool(bypass_of(request)) or (bool(route.policy.bypass_cookies) and shows_cookies(request))


class Warnings:
    """Tells once of each thing that makes a page private, by line; under ``strict`` as an error."""

    def __init__(self, *, strict: bool) -> None:
        self._level = logging.ERROR if strict else logging.WARNING
        self._said: set[tuple[str, int | None, str]] = set()

    def log(self, problems: Iterable[Problem]) -> None:
        for problem in problems:
            one = (problem.file, problem.line, problem.message)
            # A message may hold what a visitor sent: their number is bounded.
            if one not in self._said and len(self._said) < _MOST_WARNINGS:
                self._said.add(one)
                log.log(self._level, "%s", problem)
