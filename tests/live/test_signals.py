"""Signals end ``isrgen serve`` and ``isrgen dev`` well, however many come and in whatever thread."""

from __future__ import annotations

import ctypes
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def site(make_site: Callable[..., Path]) -> Path:
    return make_site({"content/index.md": "Hello."})


def test_ctrl_c_is_a_good_end_too(start, site: Path) -> None:
    server = start(site, "--workers", 2)
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(10) == 0
    assert "Traceback" not in "".join(server.errors)


@pytest.mark.parametrize("command", ["serve", "dev"])
def test_any_number_of_signals_at_once_end_it_as_one_does(start, site: Path, command: str) -> None:
    server = start(site, command=command)
    for _ in range(20):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            server.process.send_signal(number)
    assert server.process.wait(10) == 0
    assert "Traceback" not in "".join(server.errors)


@pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel for one thread of another process")
@pytest.mark.parametrize("command", ["serve", "dev"])
def test_a_signal_that_comes_in_another_thread_ends_it_too(start, site: Path, command: str) -> None:
    server = start(site, command=command)
    pid = server.process.pid
    other = max(int(thread.name) for thread in Path(f"/proc/{pid}/task").iterdir())
    assert other != pid
    assert ctypes.CDLL(None).tgkill(pid, other, signal.SIGTERM) == 0
    assert server.process.wait(10) == 0
    assert "Traceback" not in "".join(server.errors)
