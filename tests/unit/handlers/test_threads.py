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


def test_a_thread_that_hangs_is_made_up_for_and_ends_when_it_comes_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    threads, release = Threads(2, 0), threading.Event()
    for _ in range(3):
        begun = threading.Barrier(3)
        hung = [threads.submit(lambda at: (at.wait(30), release.wait(30)), begun) for _ in range(2)]
        begun.wait(30)
        with pytest.raises(BusyError):
            threads.submit(int)
        for job in hung:
            threads.give_up(job)
    assert threads.submit(int, 7).result(30) == 7
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 6
    assert "lambda" in caplog.text
    release.set()
    assert hung[0].result(30)
    assert [threads.submit(int, number).result(30) for number in range(9)] == list(range(9))
    threads.close()


def test_no_more_than_the_ceiling_are_made_up_for(caplog: pytest.LogCaptureFixture) -> None:
    threads, release = Threads(1, 0, most_lost=2), threading.Event()
    hung = []
    for _ in range(3):
        begun = threading.Event()
        hung.append(threads.submit(lambda at: (at.set(), release.wait(30)), begun))
        assert begun.wait(30)
        threads.give_up(hung[-1])
    with pytest.raises(BusyError):
        threads.submit(int)
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING", "ERROR"]
    release.set()
    for job in hung:
        job.result(30)
    assert threads.submit(int, 7).result(30) == 7
    threads.close()


def test_a_job_called_off_while_it_waits_leaves_its_place_at_once() -> None:
    threads, release = Threads(1, 1), threading.Event()
    running = threads.submit(release.wait, 30)
    ran: list[int] = []
    for number in range(100):
        waiting = threads.submit(ran.append, number)
        threads.give_up(waiting)
        assert waiting.cancelled()
    kept = threads.submit(ran.append, -1)
    release.set()
    assert running.result(30)
    kept.result(30)
    assert ran == [-1]
    threads.close()


def test_giving_up_what_is_done_changes_nothing() -> None:
    threads = Threads(1, 0)
    job = threads.submit(int, 1)
    assert job.result(30) == 1
    threads.give_up(job)
    assert threads.submit(int, 2).result(30) == 2
    threads.close()
