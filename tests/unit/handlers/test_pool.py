"""Where the site's own code runs: bounded, with deadlines, and never in the way of the server."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextvars import ContextVar
from typing import Any

import pytest

from isrgen.handlers.pool import END, BusyError, Call, DeadlineError, Pool, Work


@pytest.fixture
def pool() -> Iterator[Pool]:
    made = Pool(2, 1)
    yield made
    made.close()


def one(function: Any, *arguments: Any) -> Work[Any]:
    return (yield Call(function, arguments))


def test_async_code_runs_on_its_own_loop_and_sync_code_in_threads(pool: Pool) -> None:
    async def loop_thread() -> str:
        return threading.current_thread().name

    def sync_thread() -> str:
        return threading.current_thread().name

    here = threading.current_thread().name
    on_loop = asyncio.run(pool.run(one(loop_thread), 5))
    in_thread = asyncio.run(pool.run(one(sync_thread), 5))
    assert len({here, on_loop, in_thread}) == 3


def test_a_sync_function_may_return_something_to_await(pool: Pool) -> None:
    async def later() -> int:
        return 7

    assert asyncio.run(pool.run(one(lambda: later()), 5)) == 7


def test_what_the_code_raises_reaches_whoever_waits(pool: Pool) -> None:
    async def fail() -> None:
        raise KeyError("a")

    def fail_sync() -> None:
        raise KeyError("b")

    for function in (fail, fail_sync):
        with pytest.raises(KeyError):
            asyncio.run(pool.run(one(function), 5))


def test_sys_exit_and_stop_iteration_are_mere_errors(pool: Pool) -> None:
    async def leave() -> None:
        sys.exit(3)

    def stop() -> None:
        raise StopIteration

    for function in (leave, lambda: sys.exit(3), stop):
        with pytest.raises(RuntimeError):
            asyncio.run(pool.run(one(function), 5))
    assert asyncio.run(pool.run(one(lambda: 1), 5)) == 1


def test_a_cancellation_of_the_codes_own_is_an_error_and_not_a_cancelled_server(pool: Pool) -> None:
    async def cancelled() -> None:
        raise asyncio.CancelledError

    with pytest.raises(RuntimeError, match="cancelled"):
        asyncio.run(pool.run(one(cancelled), 5))


def test_a_render_past_its_deadline_is_an_error_and_is_cancelled(pool: Pool) -> None:
    cancelled = threading.Event()

    async def hang() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    with pytest.raises(DeadlineError, match=r"0\.05 s"):
        asyncio.run(pool.run(one(hang), 0.05))
    assert cancelled.wait(5)


def test_async_code_that_blocks_costs_its_loop_and_not_the_site(pool: Pool) -> None:
    release = threading.Event()

    async def block() -> None:
        release.wait(30)

    with pytest.raises(DeadlineError):
        asyncio.run(pool.run(one(block), 0.05))

    async def fine() -> str:
        return "fine"

    assert asyncio.run(pool.run(one(fine), 5)) == "fine"
    release.set()


def test_no_more_loops_than_the_ceiling_are_left_behind(caplog: pytest.LogCaptureFixture) -> None:
    pool = Pool(2, 1, most_lost=2)
    release = threading.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def block() -> None:
        loops.append(asyncio.get_running_loop())
        release.wait(30)

    async def fine() -> str:
        return "fine"

    for _ in range(4):
        with pytest.raises(DeadlineError):
            asyncio.run(pool.run(one(block), 0.05))
    assert len(loops) == len(set(loops)) == 3
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING", "ERROR", "ERROR"]
    release.set()
    assert asyncio.run(pool.run(one(fine), 30)) == "fine"
    pool.close()


def test_a_full_pool_is_busy_at_once_and_recovers() -> None:
    pool = Pool(1, 0)
    release, started = threading.Event(), threading.Event()

    def hold() -> str:
        started.set()
        release.wait(30)
        return "held"

    async def scene() -> None:
        first = asyncio.ensure_future(pool.run(one(hold), 30))
        await asyncio.to_thread(started.wait, 30)
        with pytest.raises(BusyError):
            await pool.run(one(lambda: 1), 30)
        release.set()
        assert await first == "held"
        assert await pool.run(one(lambda: 1), 30) == 1

    asyncio.run(scene())
    pool.close()


def test_a_job_that_waits_past_its_deadline_never_runs() -> None:
    pool = Pool(1, 5)
    release, started, ran = threading.Event(), threading.Event(), []

    def hold() -> None:
        started.set()
        release.wait(30)

    async def scene() -> None:
        first = asyncio.ensure_future(pool.run(one(hold), 30))
        await asyncio.to_thread(started.wait, 30)
        with pytest.raises(DeadlineError):
            await pool.run(one(ran.append, 1), 0.05)
        release.set()
        await first
        await pool.run(one(lambda: None), 30)

    asyncio.run(scene())
    assert ran == []
    pool.close()


def test_context_variables_reach_threads_and_tasks(pool: Pool) -> None:
    variable: ContextVar[str] = ContextVar("variable")

    def work() -> Work[list[str]]:
        variable.set("here")

        async def read() -> str:
            return variable.get()

        return [(yield Call(variable.get)), (yield Call(read))]

    assert asyncio.run(pool.run(work(), 5)) == ["here", "here"]


def test_driven_from_a_thread_sync_code_stays_in_it_and_async_code_goes_to_the_loop(pool: Pool) -> None:
    async def on_loop() -> str:
        return threading.current_thread().name

    def inner() -> Work[tuple[str, str]]:
        return (yield Call(lambda: threading.current_thread().name)), (yield Call(on_loop))

    def outer() -> tuple[str, str, str]:
        return (threading.current_thread().name, *pool.drive_here(inner(), time.monotonic() + 5))

    name, sync, asynchronous = asyncio.run(pool.run(one(outer), 5))
    assert name == sync != asynchronous


def test_a_thread_does_not_wait_for_async_code_past_the_deadline(pool: Pool) -> None:
    async def hang() -> None:
        await asyncio.Event().wait()

    def outer() -> None:
        pool.drive_here(one(hang), time.monotonic() + 0.05)

    with pytest.raises(DeadlineError):
        asyncio.run(pool.run(one(outer), 5))


def test_streams_are_pulled_where_the_code_runs(pool: Pool) -> None:
    async def async_chunks() -> AsyncIterator[str]:
        yield threading.current_thread().name
        yield "b"

    async def scene(stream: Any) -> list[Any]:
        return [await pool.next_chunk(stream, 5) for _ in range(3)]

    name, second, end = asyncio.run(scene(async_chunks()))
    assert name != threading.current_thread().name
    assert (second, end) == ("b", END)
    assert asyncio.run(scene(iter([1, None]))) == [1, None, END]


def test_ending_a_stream_runs_its_finally(pool: Pool) -> None:
    ended = []

    def chunks() -> Iterator[str]:
        try:
            yield "a"
        finally:
            ended.append(True)

    async def scene() -> None:
        stream = chunks()
        await pool.next_chunk(stream, 5)
        await pool.end(stream, 5)

    asyncio.run(scene())
    assert ended == [True]


def test_a_closed_pool_is_busy() -> None:
    pool = Pool(1, 1)
    pool.close()
    with pytest.raises(BusyError):
        asyncio.run(pool.run(one(lambda: 1), 5))


def test_closing_ends_who_waits() -> None:
    pool = Pool(1, 1)
    started = threading.Event()

    async def hang() -> None:
        started.set()
        await asyncio.Event().wait()

    async def scene() -> None:
        waiting = asyncio.ensure_future(pool.run(one(hang), 30))
        await asyncio.to_thread(started.wait, 30)
        pool.close()
        with pytest.raises(BusyError):
            await waiting

    asyncio.run(scene())


def test_sync_code_that_never_returns_does_not_end_all_rendering(pool: Pool) -> None:
    """next.js#36672, for sync code: every thread hangs, many times over, and the next render is answered."""
    release = threading.Event()

    async def nothing() -> None: ...

    async def hang() -> None:
        for _ in range(6):
            begun = threading.Barrier(3)
            work = one(lambda at: (at.wait(30), release.wait(30)), begun)
            other = one(lambda at: (at.wait(30), release.wait(30)), begun)
            tasks = [asyncio.ensure_future(pool.run(each, 60)) for each in (work, other)]
            await asyncio.to_thread(begun.wait, 30)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await pool.run(one(nothing), 30)

    try:
        asyncio.run(hang())
        assert asyncio.run(pool.run(one(lambda: 7), 30)) == 7
    finally:
        release.set()


def test_renders_that_gave_up_waiting_for_a_thread_leave_the_queue(pool: Pool) -> None:
    """With one place to wait, each of them takes it in turn."""
    release = threading.Event()

    async def go() -> None:
        begun = threading.Barrier(3)
        blocked = [
            asyncio.ensure_future(pool.run(one(lambda: (begun.wait(30), release.wait(30))), 30))
            for _ in range(2)
        ]
        await asyncio.to_thread(begun.wait, 30)
        for _ in range(5):
            with pytest.raises(DeadlineError):
                await pool.run(one(lambda: 1), 0.01)
        release.set()
        await asyncio.gather(*blocked)

    asyncio.run(go())


def test_a_streams_generator_that_hangs_is_given_up_too(pool: Pool) -> None:
    release = threading.Event()

    def chunks() -> Iterator[bytes]:
        release.wait(30)
        yield b""

    try:
        for _ in range(5):
            with pytest.raises(DeadlineError):
                asyncio.run(pool.next_chunk(chunks(), 0.1))
        assert asyncio.run(pool.run(one(lambda: 7), 30)) == 7
    finally:
        release.set()
