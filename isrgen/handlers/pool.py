"""Where the site's own code runs: its own event loop in a thread of its own, and a bounded set of threads.

The server's loop never runs a line of it, so a loader that blocks stalls no
cache hit. Work is written once, as a generator of ``Call``s; it is driven
from the loop, or from a thread when synchronous middleware stands around it:
what is synchronous then runs in that very thread, so that the threads cannot
wait for each other.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator, Mapping
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from isrgen.handlers.threads import MOST_LOST, BusyError, Threads
from isrgen.http.context import RenderContext, enter

log = logging.getLogger("isrgen")

T = TypeVar("T")

_PING: Final = 0.25

END: Final = object()
"""What ``next_chunk`` gives after the last one."""


class DeadlineError(Exception):
    """A render took longer than ``render_timeout``."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the site's own code: async functions are awaited on its loop, others go to a thread."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...] = ()
    named: Mapping[str, Any] = field(default_factory=dict)


Work = Generator[Call, Any, T]
"""Steps that yield ``Call``s, get their results sent, and return a ``T``."""


class Pool:
    """Runs ``Work``; from any loop, in any thread."""

    def __init__(self, size: int = 8, waiting: int = 64, most_lost: int = MOST_LOST) -> None:
        self._threads = Threads(size, waiting, most_lost)
        self._most_lost = most_lost
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._left: set[asyncio.AbstractEventLoop] = set()

    async def run(self, work: Work[T], deadline: float) -> T:
        """The result of ``work``. Raises DeadlineError, BusyError, or what the site's code raised."""
        result: T = await self._wait(self.drive(work), deadline)
        return result

    async def next_chunk(
        self,
        stream: Iterator[Any] | AsyncIterator[Any],
        deadline: float,
        context: RenderContext | None = None,
    ) -> Any:
        """The next item of a stream, or ``END``; it is made in the ``context`` of its render."""
        return await self._wait(self._next(stream, context), deadline)

    async def end(self, stream: Iterator[Any] | AsyncIterator[Any], deadline: float) -> None:
        """Close a generator, so that its ``finally`` runs where it ran."""
        await self._wait(self._end(stream), deadline)

    async def drive(self, work: Work[T]) -> T:
        """Drive ``work`` on the site's loop."""
        try:
            call = next(work)
            while True:
                try:
                    result = await self._called(call)
                except Exception as error:
                    call = work.throw(error)
                else:
                    call = work.send(result)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]
        finally:
            work.close()

    def drive_here(self, work: Work[T], until: float) -> T:
        """Drive ``work`` from a thread: synchronous calls inline, others on the site's loop.

        ``until`` is the monotonic time after which the thread waits no longer.
        """
        try:
            call = next(work)
            while True:
                try:
                    result = self._called_here(call, until)
                except Exception as error:
                    call = work.throw(error)
                else:
                    call = work.send(result)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]
        finally:
            work.close()

    def close(self) -> None:
        """Stop the loop, cancelling what it runs."""
        self._threads.close()
        with self._lock:
            loop, self._loop = self._loop, None
        if loop is not None:
            loop.call_soon_threadsafe(_stop, loop)

    async def _called(self, call: Call) -> Any:
        if inspect.iscoroutinefunction(call.function):
            return await _guarded(call.function(*call.arguments, **call.named))
        result = await self._in_thread(call.function, *call.arguments, **call.named)
        return await _guarded(result) if inspect.isawaitable(result) else result

    async def _in_thread(self, function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Call in a thread; whoever stops waiting, past the deadline above all, gives the thread up."""
        job = self._threads.submit(function, *arguments, **named)
        try:
            return await asyncio.wrap_future(job)
        except asyncio.CancelledError:
            self._threads.give_up(job)
            raise

    def _called_here(self, call: Call, until: float) -> Any:
        result = call.function(*call.arguments, **call.named)
        if not inspect.isawaitable(result):
            return result
        future = asyncio.run_coroutine_threadsafe(_guarded(result), self._running())
        try:
            return future.result(max(0.0, until - time.monotonic()))
        except FutureTimeoutError as error:
            if future.done():
                raise
            future.cancel()
            raise DeadlineError("the code that middleware waits for took too long") from error

    async def _wait(self, coroutine: Any, deadline: float) -> Any:
        loop = self._running()
        running = asyncio.run_coroutine_threadsafe(coroutine, loop)
        future = asyncio.wrap_future(running)
        try:
            done, _ = await asyncio.wait([future], timeout=deadline)
        except asyncio.CancelledError:
            future.cancel()
            raise
        if done and future.cancelled():
            raise BusyError("the site's code is being stopped")
        if done:
            return future.result()
        # At once rather than through ``future``: it is called off before the loop answers the question below.
        running.cancel()
        await self._check(loop)
        raise DeadlineError(f"rendering took longer than {deadline:g} s")

    async def _check(self, loop: asyncio.AbstractEventLoop) -> None:
        """Leave a loop that answers no more: async code that blocks must not be the end of the site."""
        ping = asyncio.wrap_future(asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loop))
        done, _ = await asyncio.wait([ping], timeout=_PING)
        if done:
            return
        ping.cancel()
        with self._lock:
            if self._loop is not loop:
                return
            if len(self._left) >= self._most_lost:
                log.error("async code of the site blocks its event loop, and so many do that none is added")
                return
            self._loop = None
            self._left.add(loop)
            log.warning("async code of the site blocks its event loop; %d loops are lost so", len(self._left))
        loop.call_soon_threadsafe(_stop, loop)

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(
                    target=self._live, args=(self._loop,), name="isrgen-site", daemon=True
                ).start()
            return self._loop

    def _live(self, loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_forever()
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()
            with self._lock:
                self._left.discard(loop)

    async def _next(self, stream: Iterator[Any] | AsyncIterator[Any], context: RenderContext | None) -> Any:
        enter(context)
        if isinstance(stream, AsyncIterator):
            return await _guarded(anext(stream, END))
        return await self._in_thread(next, stream, END)

    async def _end(self, stream: Any) -> None:
        if hasattr(stream, "aclose"):
            await stream.aclose()
        elif hasattr(stream, "close"):
            await self._in_thread(stream.close)


async def _guarded(awaitable: Awaitable[T]) -> T:
    """Await the site's code; neither ``sys.exit()`` nor a cancellation of its own ends more than itself."""
    try:
        return await awaitable
    except SystemExit as error:
        raise RuntimeError(f"SystemExit: {error}") from error
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise RuntimeError("CancelledError: something that the code waited for was cancelled") from error


def _stop(loop: asyncio.AbstractEventLoop) -> None:
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    waiting = asyncio.gather(*tasks, return_exceptions=True)
    waiting.add_done_callback(lambda _: loop.stop())


__all__ = ["END", "BusyError", "Call", "DeadlineError", "Pool", "Work"]
