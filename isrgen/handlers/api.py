"""API routes: a function per method."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from isrgen.errors import IsrgenError, Problem
from isrgen.handlers.calls import function_of, line_of
from isrgen.handlers.loader import call_by_name
from isrgen.handlers.pool import Work
from isrgen.http.response import Response
from isrgen.routing.strategy import METHODS


def allowed(methods: tuple[str, ...]) -> tuple[str, ...]:
    """Every method that a route with these functions answers, in the usual order.

    >>> allowed(("POST", "GET"))
    ('GET', 'HEAD', 'POST', 'OPTIONS')
    """
    there = {*methods, "OPTIONS", *(("HEAD",) if "GET" in methods else ())}
    return tuple(method for method in METHODS if method in there)


def methods_of(module: ModuleType) -> tuple[str, ...]:
    """The methods for which a module has a function."""
    return tuple(method for method in METHODS if callable(getattr(module, method, None)))


def answer_method(
    module: ModuleType, method: str, offered: Mapping[str, Callable[[], Any]], source: str
) -> Work[Response]:
    """The answer of the function for ``method``: HEAD falls back to GET, OPTIONS names the methods."""
    function = function_of(module, method, source) if method in METHODS else None
    if function is None and method == "HEAD":
        function = function_of(module, "GET", source)
    if function is not None:
        return _response((yield from call_by_name(function, offered, source)), function, source)
    allow = {"Allow": ", ".join(allowed(methods_of(module)))}
    if method == "OPTIONS":
        return Response(status=204, headers=allow)
    return Response("Method Not Allowed\n", 405, {**allow, "Content-Type": "text/plain; charset=utf-8"})


def _response(result: object, function: Callable[..., Any], source: str) -> Response:
    if isinstance(result, Response):
        return result
    if isinstance(result, (str, bytes, dict, list)):
        return Response(result)
    raise IsrgenError(
        Problem(
            f"{getattr(function, '__name__', 'The function')} returned {type(result).__name__}.",
            "Return a Response, or what may be its body: str, bytes, dict or list.",
            file=source,
            line=line_of(function),
        )
    )
