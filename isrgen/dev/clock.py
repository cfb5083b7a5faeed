"""A clock that can be moved forward: how a page looks in two hours, without waiting for them.

The edge takes its time from here, so a page becomes stale when the clock is
moved past its lifetime, and is refreshed at the next visit as in production.
"""

from __future__ import annotations

import html
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs

from isrgen.caching.policy import parse_duration

STEPS: Final = ("1m", "10m", "1h", "1d", "7d", "30d")


class Clock:
    """Unix time plus an offset that outlives the worker in ``file``."""

    def __init__(self, file: Path, time: Callable[[], float] = time.time) -> None:
        self._file = file
        self._time = time
        self._offset = 0
        with suppress(OSError, ValueError):
            self._offset = int(file.read_text(encoding="ascii"))

    def __call__(self) -> float:
        return self._time() + self._offset

    @property
    def offset(self) -> int:
        return self._offset

    def forward(self, seconds: int) -> None:
        self._set(self._offset + seconds)

    def reset(self) -> None:
        self._set(0)

    def _set(self, offset: int) -> None:
        self._offset = offset
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text(str(offset), encoding="ascii")


def obey(clock: Clock, query: str) -> str | None:
    """Carry out ``forward=2h`` or ``reset=1``: None when done, else what is wrong ("": nothing asked)."""
    asked, before = parse_qs(query), clock.offset
    if "reset" in asked:
        clock.reset()
        return None
    if "forward" not in asked:
        return ""
    try:
        clock.forward(parse_duration(asked["forward"][-1]))
        datetime.fromtimestamp(clock(), UTC)
    except (ValueError, OverflowError, OSError):
        clock.reset()
        clock.forward(before)
        return f"{asked['forward'][-1]!r} is not a duration this clock can go; write 90s, 5m, 2h or 7d."
    return None


def page(clock: Clock, message: str = "") -> str:
    """The page under ``/_isrgen/dev/clock``."""
    now = datetime.fromtimestamp(clock(), UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    moved = f"{timedelta(seconds=clock.offset)} ahead" if clock.offset else "the real time"
    links = " ".join(f'<a href="?forward={step}">+{step}</a>' for step in STEPS)
    problem = f"<p><strong>{html.escape(message)}</strong></p>" if message else ""
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Clock - isrgen dev</title>'
        '<meta name="viewport" content="width=device-width">'
        "<style>:root{color-scheme:light dark}body{font:1rem/1.6 system-ui;max-width:40rem;margin:3rem auto;"
        "padding:0 1rem}a{margin-right:.8rem}</style>"
        f"<h1>{now}</h1>{problem}<p>This is {moved}. Pages grow old by this clock.</p>"
        f'<p>{links} <a href="?reset=1">reset</a></p></html>'
    )
