"""Vercel's routing over a ``config.json``, as its documentation tells it; for tests alone.

A request goes through the routes of the first phase, then the filesystem (the
outputs by their name), then the rest; ``handle: error`` holds what answers
when nothing did. A route with ``continue`` adds headers and goes on; one with
``dest`` ends the search at that output.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode


@dataclass
class Reached:
    """Where a request ended: an output, or a redirect."""

    status: int
    output: str = ""
    location: str = ""
    path: str = ""
    query: list[tuple[str, str]] = field(default_factory=list)
    matches: str = ""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Ask:
    """A request as the edge sees it."""

    path: str
    method: str = "GET"
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    cookies: tuple[str, ...] = ()


class Edge:
    """Answers which output a request reaches."""

    def __init__(self, config: dict[str, Any], outputs: set[str], allow: dict[str, list[str]]) -> None:
        phases: dict[str, list[dict[str, Any]]] = {"": []}
        name = ""
        for route in config["routes"]:
            if "handle" in route:
                name = route["handle"]
                phases.setdefault(name, [])
            else:
                phases[name].append(route)
        self._phases = phases
        self._outputs = renamed(outputs, config.get("overrides", {}))
        self._allow = allow

    def reach(self, ask: Ask) -> Reached:
        headers: dict[str, str] = {}
        found = self._try("", ask, headers)
        if found is None:
            output = self._lookup(ask.path)
            if output:
                return Reached(200, output, path=ask.path, query=parse_qsl(ask.query), headers=headers)
            found = self._try("filesystem", ask, headers)
        if found is None or (found.status == 404 and not found.output):
            found = self._try("error", ask, headers) or Reached(404, headers=headers)
        return found

    def _try(self, phase: str, ask: Ask, headers: dict[str, str]) -> Reached | None:
        for route in self._phases.get(phase, []):
            match = _matches(route, ask)
            if match is None:
                continue
            filled = {name: _fill(value, match) for name, value in route.get("headers", {}).items()}
            if route.get("continue"):
                headers |= filled
                continue
            if "Location" in filled:
                location = filled["Location"] + (f"?{ask.query}" if ask.query else "")
                return Reached(route["status"], location=location, headers=headers)
            if "dest" not in route:
                return Reached(route["status"], headers=headers)
            return self._go(route, match, ask, headers)
        return None

    def _go(self, route: dict[str, Any], match: re.Match[str], ask: Ask, headers: dict[str, str]) -> Reached:
        path, _, template = route["dest"].partition("?")
        own = [(pair.partition("=")[0], _fill(pair.partition("=")[2], match)) for pair in template.split("&")]
        own = [pair for pair in own if pair[0]]
        names = {name for name, _ in own}
        query = [pair for pair in parse_qsl(ask.query, keep_blank_values=True) if pair[0] not in names] + own
        output = self._lookup(_fill(path, match))
        if not output:
            return Reached(404, headers=headers)
        if output in self._allow:
            query = [pair for pair in query if pair[0] in self._allow[output]]
        groups = {name: value for name, value in match.groupdict().items() if value is not None}
        return Reached(
            route.get("status", 200),
            output,
            path=_fill(path, match),
            query=query,
            matches=urlencode(groups),
            headers=headers,
        )

    def _lookup(self, path: str) -> str:
        name = unquote(path).strip("/")
        for candidate in (name, f"{name}/index.html".lstrip("/")):
            if candidate in self._outputs:
                return self._outputs[candidate]
        return ""


def renamed(outputs: set[str], overrides: dict[str, dict[str, str]]) -> dict[str, str]:
    """Where an output is found -> its file, as ``@vercel/build-utils`` moves them."""
    return {overrides.get(name, {}).get("path", name): name for name in outputs}


def _matches(route: dict[str, Any], ask: Ask) -> re.Match[str] | None:
    if "methods" in route and ask.method not in route["methods"]:
        return None
    if not all(_has(condition, ask) for condition in route.get("has", [])):
        return None
    flags = 0 if route.get("caseSensitive") else re.IGNORECASE
    return re.compile(re.sub(r"\(\?<(?=[A-Za-z_])", "(?P<", route["src"]), flags).search(ask.path)


def _has(condition: dict[str, str], ask: Ask) -> bool:
    key = condition["key"]
    match condition["type"]:
        case "cookie":
            return key in ask.cookies
        case "header":
            return key.lower() in {name.lower() for name in ask.headers}
        case "query":
            return key in dict(parse_qsl(ask.query, keep_blank_values=True))
    raise AssertionError(condition)


def _fill(template: str, match: re.Match[str]) -> str:
    def value(found: re.Match[str]) -> str:
        name = found[1]
        return (match[int(name)] if name.isdigit() else match[name]) or ""

    return re.sub(r"\$(\d+|[A-Za-z_]\w*)", value, template)


def quoted(path: str) -> str:
    return quote(path, safe="/%")
