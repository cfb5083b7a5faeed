"""Middleware: functions around a render, the outermost first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from isrgen.errors import IsrgenError, Problem
from isrgen.handlers.calls import line_of, place_of
from isrgen.handlers.pool import Call, Pool, Work
from isrgen.handlers.shaping import own, settle
from isrgen.http.context import RenderContext
from isrgen.http.request import Request
from isrgen.http.response import Response


@dataclass(frozen=True, slots=True)
class Layer:
    """One ``middleware`` function and the file that it is in."""

    function: Callable[..., Any]
    source: str


@dataclass(frozen=True, slots=True)
class Around:
    """What every layer of one render shares; ``until`` is the monotonic time of its deadline."""

    pool: Pool
    context: RenderContext
    until: float

    def run(
        self, layers: Sequence[Layer], request: Request, inner: Callable[[Request], Work[Response]]
    ) -> Work[Response]:
        """The answer of the outermost layer; each may pass on, answer itself, or change what comes back."""
        if not layers:
            return (yield from inner(request))
        layer, rest = layers[0], layers[1:]
        passed: list[Response] = []

        def below(request: Request) -> Work[Response]:
            response = yield from self.run(rest, request, inner)
            passed.append(response)
            return response

        def go_on(request: Request = request) -> Any:
            """For async middleware something to await, for any other the response itself."""
            try:
                asyncio.get_running_loop()
            except RuntimeError:
                return self.pool.drive_here(below(request), self.until)
            return self.pool.drive(below(request))

        try:
            result = yield Call(layer.function, (request, go_on))
        except Response as raised:
            self.context.headers.clear()
            return own(raised)
        if not isinstance(result, Response):
            raise _wrong(layer, result)
        result.headers.place_vary(lambda: place_of(layer.function))
        is_passed = any(result is response for response in passed)
        return settle(self.context, result if is_passed else own(result), rendered=is_passed)


def _wrong(layer: Layer, result: object) -> IsrgenError:
    kind = "nothing" if result is None else type(result).__name__
    return IsrgenError(
        Problem(
            f"The middleware returned {kind}.",
            "Return a Response, or what `next(request)` gives (`return await next(request)` in async def).",
            file=layer.source,
            line=line_of(layer.function),
        )
    )
