"""Builds for ``isrgen dev``, one after the other, each in an interpreter of its own.

Modules of the site stay imported for as long as a process lives; a fresh one
is the only way to be sure that what runs is what is on disk.
"""

from __future__ import annotations

import multiprocessing
import queue
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path

from isrgen import config
from isrgen.build import build
from isrgen.dev.state import State
from isrgen.errors import IsrgenError, Problem


@dataclass(frozen=True, slots=True)
class Built:
    """How one build went; ``problems`` are empty when it worked, ``next_build`` is Unix time."""

    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    made: int = 0
    reused: int = 0
    seconds: float = 0.0
    next_build: float | None = None


class Rebuilder:
    """Turns requests for a build into builds: those that come while one runs become one more."""

    def __init__(
        self, root: Path, out: Path, state_file: Path, done: Callable[[Built], None], now: Callable[[], float]
    ) -> None:
        self._root = root
        self._out = out
        self._file = state_file
        self._done = done
        self._now = now
        self._asked: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._state = State(0, 0)
        self._due: float | None = None

    def ask(self) -> None:
        self._asked.put(True)

    def close(self) -> None:
        self._asked.put(False)

    def build(self) -> Built:
        """Build now, and tell the workers through the state file; ``settle`` when only new ones are left."""
        built = in_fresh_interpreter(self._root, self._out, self._now())
        number = max(self._state.number + 1, time.time_ns() // 1_000_000)
        good = self._state.good if built.problems else number
        self._state = State(number, good, built.problems, settled=bool(built.problems))
        self._state.write(self._file)
        self._due = built.next_build
        return built

    def settle(self) -> None:
        self._state = replace(self._state, settled=True)
        self._state.write(self._file)

    def start(self) -> None:
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while self._wait():
            self._done(self.build())
            self.settle()

    def _wait(self) -> bool:
        """Until a build is asked for, or a page is due to appear; False at the end."""
        while True:
            try:
                asked = self._asked.get(timeout=1.0)
            except queue.Empty:
                if self._due is not None and self._now() >= self._due:
                    return True
                continue
            while asked and not self._asked.empty():
                asked = self._asked.get()
            return asked


def in_fresh_interpreter(root: Path, out: Path, now: float) -> Built:
    """Build ``root`` into ``out`` as of ``now``; never raises for what is wrong with the site."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_build, args=(theirs, root, out, now), daemon=False)
    process.start()
    theirs.close()
    try:
        built = ours.recv()
    except EOFError:
        built = Built((Problem("The build ended without a word.", "Run `isrgen build --debug` to see why."),))
    process.join()
    assert isinstance(built, Built)  # noqa: S101
    return built


def _build(pipe: Connection, root: Path, out: Path, now: float) -> None:
    started = time.monotonic()
    try:
        result = build(
            config.load(root),
            out=out,
            drafts=True,
            now=datetime.fromtimestamp(now, UTC),
        )
    except IsrgenError as error:
        pipe.send(Built(error.problems))
    except KeyboardInterrupt:
        pipe.close()
    except Exception as error:
        hint = "".join(traceback.format_exception(error))
        pipe.send(Built((Problem(f"isrgen itself failed: {type(error).__name__}: {error}", hint),)))
    else:
        due = result.next_build.timestamp() if result.next_build else None
        pipe.send(Built((), result.warnings, result.made, result.reused, time.monotonic() - started, due))
