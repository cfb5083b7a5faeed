"""A bounded set of daemon threads for synchronous code of the site.

The standard pool joins its threads when the process ends, so that one loader
that hangs would keep it from exiting; and it queues without bound.

Nothing can stop a thread. One whose job nobody waits for any more is given up:
another thread takes its place, up to a ceiling, and it ends when its job does.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from typing import Any, Final

log = logging.getLogger("isrgen")

MOST_LOST: Final = 64


class BusyError(Exception):
    """Every thread is taken, and as much as may wait is waiting."""


class Job(Future[Any]):
    """One call, with the context variables of whoever asked for it."""

    def __init__(
        self, function: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]
    ) -> None:
        super().__init__()
        self.name = getattr(function, "__qualname__", repr(function))
        self._call = partial(copy_context().run, function, *arguments, **named)

    def run(self) -> Callable[[], None]:
        """Make the call, unless it was called off, and give back what tells how it went."""
        return _outcome(self, self._call) if self.set_running_or_notify_cancel() else lambda: None


class Threads:
    """At most ``size`` threads and ``waiting`` jobs that wait for one; ``most_lost`` are made up for."""

    def __init__(self, size: int, waiting: int, most_lost: int = MOST_LOST) -> None:
        self._size = size
        self._most = size + waiting
        self._most_lost = most_lost
        self._changed = threading.Condition()
        self._waiting: deque[Job] = deque()
        self._given_up: set[Job] = set()
        self._running: set[Job] = set()
        self._alive = 0
        self._closed = False

    def submit(self, function: Callable[..., Any], *arguments: Any, **named: Any) -> Job:
        """Run ``function`` in a thread, with the caller's context variables; raises BusyError when full."""
        job = Job(function, arguments, named)
        with self._changed:
            taken = len(self._running) + len(self._waiting) - self._lost
            if self._closed or taken >= self._most:
                raise BusyError("every thread for the site's own code is taken")
            self._waiting.append(job)
            self._add_thread()
            self._changed.notify()
        job.add_done_callback(self._leave)
        return job

    def give_up(self, job: Job) -> None:
        """Nobody waits for this job any more: it leaves the queue, or its thread is made up for."""
        if job.cancel():
            return
        with self._changed:
            if job not in self._running:
                return
            self._given_up.add(job)
            held = len(self._given_up)
            self._add_thread()
        if held <= self._most_lost:
            log.warning("%s goes on though nobody waits for it; %d threads are lost so", job.name, held)
        else:
            log.error("%s goes on though nobody waits for it, and so many do that none is added", job.name)

    def close(self) -> None:
        """Let idle threads end; one that hangs ends with the process."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def _lost(self) -> int:
        return min(len(self._given_up), self._most_lost)

    def _add_thread(self) -> None:
        """Start one where a job would wait although there may be more threads."""
        idle = self._alive - len(self._running)
        if idle < len(self._waiting) and self._alive < self._size + self._lost:
            self._alive += 1
            threading.Thread(target=self._work, name=f"isrgen-{self._alive}", daemon=True).start()

    def _leave(self, job: Future[Any]) -> None:
        """A job that was called off while it waited takes nobody's place."""
        if job.cancelled():
            with self._changed, suppress(ValueError):
                self._waiting.remove(job)  # type: ignore[arg-type]

    def _work(self) -> None:
        while (job := self._next()) is not None:
            tell = job.run()
            # The place is free before anyone hears of it: who waits for the result may want it at once.
            with self._changed:
                self._running.discard(job)
                self._given_up.discard(job)
                goes = self._alive > self._size + self._lost
                self._alive -= goes
            tell()
            if goes:
                return

    def _next(self) -> Job | None:
        with self._changed:
            while not self._waiting:
                if self._closed:
                    return None
                self._changed.wait()
            job = self._waiting.popleft()
            self._running.add(job)
            return job


def _outcome(future: Future[Any], run: Callable[[], Any]) -> Callable[[], None]:
    """Run, and give back what tells the future how it went."""
    try:
        result = run()
    except StopIteration as error:
        # A future cannot carry StopIteration out into a coroutine (PEP 479).
        return partial(future.set_exception, _wrapped(error))
    except BaseException as error:
        # SystemExit included: no thread ends because a loader called sys.exit().
        return partial(future.set_exception, error if isinstance(error, Exception) else _wrapped(error))
    return partial(future.set_result, result)


def _wrapped(error: BaseException) -> RuntimeError:
    wrapped = RuntimeError(f"{type(error).__name__}: {error}".rstrip(": "))
    wrapped.__cause__ = error
    return wrapped.with_traceback(error.__traceback__)
