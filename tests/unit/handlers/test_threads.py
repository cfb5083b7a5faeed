"""The bounded threads of the site's own code."""

import threading

import pytest

from isrgen.handlers.threads import BusyError, Threads


def test_a_place_is_free_as_soon_as_its_result_is_known() -> None:
    threads = Threads(1, 0)
    assert [threads.submit(int, number).result(30) for number in range(3000)] == list(range(3000))
    threads.close()


def test_more_than_may_wait_is_refused() -> None:
    threads, release = Threads(1, 1), threading.Event()
    running, waiting = threads.submit(release.wait, 30), threads.submit(int, 7)
    with pytest.raises(BusyError):
        threads.submit(int)
    release.set()
    assert (running.result(30), waiting.result(30)) == (True, 7)
    threads.close()


def test_an_exit_in_a_job_is_an_error_and_the_thread_goes_on() -> None:
    threads = Threads(1, 0)
    with pytest.raises(RuntimeError, match="SystemExit: 3"):
        threads.submit(exit, 3).result(30)
    assert threads.submit(int, 1).result(30) == 1
    threads.close()
