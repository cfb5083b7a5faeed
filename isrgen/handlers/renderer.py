"""The renderer: one route and one request in, one judged ``Answer`` out.

``run`` raises what is wrong with the site, for a build to report; ``answer``
logs it and gives the visitor a page that says nothing of causes.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from isrgen.errors import IsrgenError, Problem
from isrgen.handlers.blame import printable, problem_of, trimmed
from isrgen.handlers.calls import function_of, line_of
from isrgen.handlers.fallback import HTML, error_page
from isrgen.handlers.header_rules import HeaderRules
from isrgen.handlers.loader import call_by_name, module_of
from isrgen.handlers.modules import Modules
from isrgen.handlers.pool import BusyError, Call, DeadlineError, Pool, Work
from isrgen.handlers.render import Parts, Render
from isrgen.handlers.shaping import checked
from isrgen.handlers.streams import MOST, PooledStream, WatchedStream
from isrgen.handlers.verdict import Judge, Verdict, Warnings
from isrgen.http.answer import Answer, Outcome
from isrgen.http.bodies import BadBodyError
from isrgen.http.headers import Headers
from isrgen.http.offered import STATIC_PARAMS
from isrgen.http.request import Request, limit_url
from isrgen.http.response import BODILESS, Response
from isrgen.manifest import Manifest, Route
from isrgen.render.templates import Templates
from isrgen.routing.strategy import Strategy
from isrgen.site.snapshot import Snapshot
from isrgen.site.view import SiteView

log = logging.getLogger("isrgen")


# why there is no answer -> (status, outcome, what the log says)
_FAILURES: Final = {
    DeadlineError: (504, Outcome.TIMEOUT, "took too long"),
    BusyError: (503, Outcome.BUSY, "found every thread taken"),
}


class Renderer:
    """Renders the on-demand routes of one site; safe to use from several event loops.

    ``root`` holds ``content/`` (the site, or ``dist/server``); ``data_roots``
    is where ``data_path`` looks, ``root`` itself if nothing else is given.
    ``debug`` shows in the browser what otherwise only the log tells; on a
    strict site warnings as well, in place of the page.
    """

    def __init__(
        self,
        manifest: Manifest,
        snapshot: Snapshot,
        templates: Templates,
        root: Path,
        *,
        clock: Callable[[], float] = time.time,
        pool_size: int = 8,
        data_roots: Sequence[Path] = (),
        debug: bool = False,
    ) -> None:
        root = root.resolve()
        modules = Modules(root, tuple(data_roots) or (root,))
        self._parts = Parts(root, manifest, snapshot, templates, modules, Pool(pool_size))
        self._clock = clock
        self._debug = debug
        self._judgment = Judge(HeaderRules(manifest.header_rules), manifest.not_found_ttl, root)
        self._warnings = Warnings(strict=manifest.strict)

    async def run(self, route: Route, request: Request) -> Answer:
        """Render; raises IsrgenError for whatever is wrong with the site, under ``strict`` warnings too."""
        render = self._render(route, request)
        try:
            answer, problems = await self._answer(render, route)
        except (DeadlineError, BusyError) as error:
            raise IsrgenError(_late(error, route.module or route.source)) from error
        except IsrgenError:
            raise
        except Exception as error:
            source = route.module or route.source
            page = request.path if route.pattern.params else ""
            raise IsrgenError(
                problem_of(error, self._parts.root, "Rendering this page", source, page)
            ) from error
        if self._parts.manifest.strict and problems:
            raise IsrgenError(problems)
        self._warnings.log(problems)
        return answer

    async def answer(self, route: Route, request: Request) -> Answer:
        """Render; never raises for what the site does: the answer is then a 400, 500, 503 or 504."""
        render = self._render(route, request)
        try:
            answer, problems = await self._answer(render, route)
        except BadBodyError as error:
            return _refused(render, error)
        except Exception as error:
            return self._failed(render, error)
        if problems and self._debug and self._parts.manifest.strict:
            if isinstance(answer.stream, WatchedStream):
                await answer.stream.aclose()
            return self._failed(render, IsrgenError(problems))
        self._warnings.log(problems)
        return answer

    async def not_found(self, path: str, message: str = "", *, strictly: bool = False) -> Answer:
        """The nearest not-found page around a path (decoded).

        Never raises, unless ``strictly``: then whatever is wrong with the page
        is an IsrgenError.
        """
        render = self._render(None, Request("GET", path, base_url=self._parts.manifest.base_url))
        try:
            response = await self._parts.pool.run(render.not_found(message), self._deadline)
        except Exception as error:
            if strictly and isinstance(error, IsrgenError):
                raise
            return self._failed(render, error)
        return Answer(response.status, response.headers, response.body, reason="not-found")

    async def static_params(self, route: Route) -> list[dict[str, Any]]:
        """What the page's ``static_params`` lists, checked against the route; raises IsrgenError."""
        source = route.module
        if source is None:
            return []
        try:
            found = await self._parts.pool.run(self._static_params(source), self._deadline)
        except DeadlineError as error:
            raise IsrgenError(_late(error, source)) from error
        except IsrgenError:
            raise
        except Exception as error:
            raise IsrgenError(problem_of(error, self._parts.root, "`static_params`", source)) from error
        function, listed = found
        try:
            return [_checked_params(route, params) for params in listed]
        except (TypeError, ValueError, KeyError) as error:
            said = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
            names = ", ".join(f'"{name}": "..."' for name in route.pattern.params)
            raise IsrgenError(
                Problem(
                    f"static_params() does not fit {route.pattern}: {said}.",
                    f"Return a list of dicts such as {{{names}}}.",
                    file=source,
                    line=line_of(function) if function else None,
                )
            ) from error

    def close(self) -> None:
        """Stop the site's loop and threads and forget its modules."""
        self._parts.pool.close()
        self._parts.modules.close()

    def _render(self, route: Route | None, request: Request) -> Render:
        if route is not None and route.policy.lifetime is not None:
            limit_url(request, route.policy.query)
        until = time.monotonic() + self._deadline
        return Render(self._parts, route, request, self._clock(), until)

    @property
    def _deadline(self) -> float:
        return self._parts.manifest.render_timeout

    async def _answer(self, render: Render, route: Route) -> tuple[Answer, tuple[Problem, ...]]:
        deadline = self._deadline
        response = checked(await self._parts.pool.run(render.work(), deadline))
        body, stream = response.body, None
        verdict = self._judge(render, route, response)
        if response.stream is not None:
            render.context.streams = True
            stream = PooledStream(response.stream, self._parts.pool, deadline, render.context)
            if response.status in BODILESS:
                await stream.aclose()
                stream = None
            elif verdict.shared is not None or route.strategy is Strategy.SSG:
                whole = await self._whole(stream, render, route)
                verdict = self._judge(render, route, response)
                if whole is None:
                    verdict = verdict.private("too large to share")
                else:
                    body, stream = whole, None
        elif verdict.shared is not None and route.strategy is not Strategy.SSG and len(body) > MOST:
            verdict = verdict.private("too large to share")
        if verdict.shared is not None:
            render.seal()
        context = render.context
        answer = Answer(
            response.status,
            verdict.headers,
            body,
            None if stream is None else WatchedStream(stream, partial(self._broke_off, render, route)),
            verdict.shared,
            degraded=context.degraded,
            reason=verdict.reason,
            purges=tuple(context.purges),
        )
        return answer, verdict.problems

    def _judge(self, render: Render, route: Route, response: Response) -> Verdict:
        return self._judgment.decide(
            route,
            render.request,
            response,
            render.context,
            reads=render.reads,
            now=render.now,
            next_change=render.site.next_change,
            inputs=render.inputs,
        )

    async def _whole(self, stream: PooledStream, render: Render, route: Route) -> bytes | None:
        most = {"most": 2**31} if route.strategy is Strategy.SSG else {}
        try:
            async with asyncio.timeout(max(0.0, render.until - time.monotonic())):
                return await stream.read_whole(**most)
        except TimeoutError as error:
            await stream.aclose()
            raise DeadlineError("the streamed body took too long") from error
        except BaseException:
            await stream.aclose()
            raise

    def _failed(self, render: Render, error: Exception) -> Answer:
        status, outcome, said = _FAILURES.get(type(error), (500, Outcome.FAILED, "failed"))
        request = render.request
        detail = "" if type(error) in _FAILURES else trimmed(error, self._parts.root)
        log.error("%s %s %s: %s\n%s", request.method, printable(request.path), said, status, detail or error)
        headers = Headers({"Content-Type": HTML})
        if status == 503:
            headers.set("Retry-After", "1")
        body = error_page(status, detail=detail if self._debug else "").encode()
        purges = tuple(render.context.purges)
        return Answer(status, headers, body, outcome=outcome, reason=outcome.value, purges=purges)

    def _broke_off(self, render: Render, route: Route, error: Exception) -> None:
        request, root = render.request, self._parts.root
        problem = problem_of(error, root, "The streamed body", route.module or route.source)
        path, message = printable(request.path), printable(problem.message)
        said = f"{request.method} {path} broke off half-way, on the route {route.pattern}"
        log.error("%s: %s: %s\n%s", said, problem.where, message, trimmed(error, root))

    def _static_params(self, source: str) -> Work[tuple[Callable[..., Any] | None, list[Any]]]:
        module = yield from module_of(self._parts.modules, source)
        function = function_of(module, "static_params", source)
        if function is None:
            return None, []
        view = SiteView(self._parts.snapshot, self._clock())
        made = yield from call_by_name(function, dict.fromkeys(STATIC_PARAMS, lambda: view), source)
        listed = yield Call(list, (made,))
        return function, listed


def _refused(render: Render, error: BadBodyError) -> Answer:
    headers = Headers({"Content-Type": "text/plain; charset=utf-8"})
    purges = tuple(render.context.purges)
    body = f"{error}\n".encode()
    return Answer(400, headers, body, outcome=Outcome.FAILED, reason="bad-body", purges=purges)


def _late(error: Exception, source: str) -> Problem:
    text = str(error)
    hint = "Find what it waits for, or raise `render_timeout` in the configuration."
    return Problem(f"{text[:1].upper()}{text[1:]}.", hint, file=source)


def _checked_params(route: Route, params: Any) -> dict[str, Any]:
    """One of ``static_params``; whole numbers are taken as their text."""
    if not isinstance(params, dict):
        raise TypeError(f"it gives {params!r}, which is not a dict")
    extra = sorted(set(params) - set(route.pattern.params), key=repr)
    if extra:
        raise ValueError(f"the route has no parameter {extra[0]!r}")
    text = {
        name: str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        for name, value in params.items()
    }
    route.pattern.fill(text)
    return {name: list(value) if isinstance(value, (list, tuple)) else value for name, value in text.items()}
