"""A bounded set of daemon threads for synchronous code of the site.

The standard pool joins its threads when the process ends, so that one loader
that hangs would keep it from exiting; and it queues without bound.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from functools import partial
from queue import SimpleQueue
from typing import Any


class BusyError(Exception):
    """Every thread is taken, and as much as may wait is waiting."""


class Threads:
    """At most ``size`` threads and ``waiting`` jobs that wait for one."""

    def __init__(self, size: int, waiting: int) -> None:
        self._size = size
        self._most = size + waiting
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._started = 0
        self._taken = 0
        self._closed = False

    def submit(self, function: Callable[..., Any], *arguments: Any, **named: Any) -> Future[Any]:
        """Run ``function`` in a thread, with the caller's context variables; raises BusyError when full."""
        future: Future[Any] = Future()
        context = copy_context()

        def job() -> None:
            tell = None
            if future.set_running_or_notify_cancel():
                tell = _outcome(future, lambda: context.run(function, *arguments, **named))
            # The place is free before anyone hears of it: who waits for the result may want it at once.
            with self._lock:
                self._taken -= 1
            if tell is not None:
                tell()

        with self._lock:
            if self._closed or self._taken >= self._most:
                raise BusyError("every thread for the site's own code is taken")
            self._taken += 1
            if self._started < min(self._size, self._taken):
                self._started += 1
                threading.Thread(target=self._work, name=f"isrgen-{self._started}", daemon=True).start()
        self._jobs.put(job)
        return future

    def close(self) -> None:
        """Let idle threads end; one that hangs ends with the process."""
        with self._lock:
            self._closed = True
        for _ in range(self._started):
            self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()


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
