"""granian, held the way both servers need it: one address, workers that are spawned, a clean end.

On Linux every worker opens the port for itself (``SO_REUSEPORT``), so a port
that somebody else has would be shared in silence: it is tried, and then
reserved, before any worker starts.
"""

from __future__ import annotations

import errno
import math
import multiprocessing
import signal
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Any, Final, Protocol

from granian.constants import Interfaces, Loops
from granian.log import LogLevels
from granian.server.mp import MPServer

from isrgen.cli.limits import granian_limits
from isrgen.cli.logs import CONFIG
from isrgen.errors import IsrgenError

PATIENCE: Final = 8
"""Seconds that a worker may take to finish what is under way; the whole end takes less than 10."""

_LOOP: Final = Loops.uvloop if find_spec("uvloop") else Loops.asyncio
"""It is installed with us wherever there is one; a hit then costs some 30 % less."""

_ENDING: Final = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
_POLL: Final = 0.05
_LOOK: Final = 0.01
_MOST_REPLACING: Final = 15.0
_MOST_DEATHS: Final = 10
_AT_ONCE: Final = 60.0


@dataclass(frozen=True, slots=True)
class Address:
    """A numeric host and the port that was really given (``--port 0`` asks for a free one)."""

    host: str
    port: int
    family: socket.AddressFamily

    @property
    def near(self) -> str:
        """Where this machine reaches it: the wildcard addresses are no place to connect to."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104

    @property
    def url(self) -> str:
        """What to open in a browser on this machine."""
        host = f"[{self.near}]" if ":" in self.near else self.near
        return f"http://{host}:{self.port}/"


class Reservation:
    """A port that is ours until ``close``: bound and not listening, so it takes no connection away."""

    def __init__(self, host: str, port: int) -> None:
        family, numeric = _resolve(host)
        with socket.socket(family) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            _bind(trial, numeric, port, host)
            port = trial.getsockname()[1]
        self.address = Address(numeric, port, family)
        self._socket = socket.socket(family)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if sys.platform == "linux":
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            _bind(self._socket, numeric, port, host)
            # From here on it is in the way of whoever tries the port as we did.
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)

    def close(self) -> None:
        self._socket.close()


class _Replacements(dict[int, float]):
    """Which workers were replaced, and when, as granian asks before it replaces one again.

    It gives up on a worker that dies within some seconds of being started, so
    that two visits to a page that brings it down would end the site. It is told
    of them only when ``_MOST_DEATHS`` came within ``_AT_ONCE`` seconds.
    """

    def __init__(self) -> None:
        super().__init__()
        self._times: dict[int, deque[float]] = {}

    def __setitem__(self, worker: int, when: float) -> None:
        self._times.setdefault(worker, deque(maxlen=_MOST_DEATHS)).append(when)
        super().__setitem__(worker, when)

    def get(self, worker: int, default: Any = None) -> Any:
        times = self._times.get(worker)
        is_loop = times is not None and len(times) == _MOST_DEATHS and times[-1] - times[0] < _AT_ONCE
        return super().get(worker, default) if is_loop else default


class _Server(MPServer):
    """granian's server, ended by any number of signals.

    granian sets a ``threading.Event`` in the signal handler, and a second
    signal, or one at the wrong moment, finds its lock taken by the very thread
    that it interrupts. Nor is the handler sure to run: Python runs it in the
    main thread, and when several signals come at once the system may hand all
    of them to other threads, which does not wake that one from its waiting.
    So the handlers do nothing: the interpreter writes every signal's number
    into a socket, in whatever thread it comes, and a thread of our own reads
    them. SIGHUP ends the server as well: a closed terminal should not leave it
    running.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__("isrgen", **settings)
        self.respawned_wrks = _Replacements()
        self._told, self._tells = socket.socketpair()
        self._tells.setblocking(False)
        signal.set_wakeup_fd(self._tells.fileno(), warn_on_full_buffer=False)
        threading.Thread(target=self._end, daemon=True).start()

    def signal_handler_interrupt(self, *_: object) -> None:
        """Nothing: that there is a handler keeps the signal from ending the process."""

    signal_handler_reload = signal_handler_interrupt

    def _spawn_worker(self, *details: Any, **more: Any) -> Any:
        worker = super()._spawn_worker(*details, **more)
        worker.join = partial(joined, worker)  # type: ignore[method-assign]
        return worker

    def replace_workers(self) -> None:
        """Put new workers in the place of these; returns when the old ones are gone."""
        alive: list[Callable[[], bool]] = [worker.is_alive for worker in self.wrks]
        reload: Callable[[], None] = super().signal_handler_reload
        reload()
        deadline = time.monotonic() + _MOST_REPLACING
        while any(ask() for ask in alive) and time.monotonic() < deadline:
            time.sleep(_POLL)

    def _end(self) -> None:
        while self._told.recv(1)[0] not in _ENDING:
            pass
        interrupt: Callable[[], None] = super().signal_handler_interrupt
        interrupt()


class Ending(Protocol):
    """A worker, as far as waiting for its end goes."""

    def is_alive(self) -> bool: ...


def joined(worker: Ending, timeout: float | None = None) -> None:
    """Wait until a worker is known to be gone.

    granian waits for each in two threads. Where the one has just heard of the
    end, the other still takes the worker for alive: it would be told as one
    that refused to end, and its number, perhaps somebody else's by now, killed.
    """
    deadline = math.inf if timeout is None else time.monotonic() + timeout
    while worker.is_alive() and time.monotonic() < deadline:
        time.sleep(_LOOK)


def run(
    reservation: Reservation,
    load: Callable[[], Any],
    *,
    workers: int,
    ready: Callable[[str], None],
    interface: Interfaces = Interfaces.RSGI,
    patience: int = PATIENCE,
    attach: Callable[[Callable[[], None]], None] = lambda reload: None,
) -> int:
    """Serve what ``load`` makes in every worker until a signal; the exit code.

    ``load`` is pickled. ``attach`` is given a function that puts new workers in
    the place of these and returns when the old ones are gone. A worker that
    cannot start ends the server at once; one that dies later is replaced, unless
    it does nothing but die.
    """
    address = reservation.address
    # Forked workers would inherit the threads and the locks of whatever ran before.
    multiprocessing.set_start_method("spawn", force=True)
    server = _Server(
        address=address.host,
        port=address.port,
        interface=interface,
        workers=workers,
        websockets=False,
        loop=_LOOP,
        **granian_limits(),
        workers_kill_timeout=patience,
        log_dictconfig=CONFIG,
        log_level=LogLevels.warning,
    )
    attach(server.replace_workers)
    ended = threading.Event()

    started = time.monotonic()

    def announce() -> None:
        if _accepts(address, ended):
            # A worker is ended this long after its successor was started: that one should listen by then.
            server.respawn_interval = max(0.5, 2 * (time.monotonic() - started))
            server.respawn_failed_workers = True
            ready(address.url)

    threading.Thread(target=announce, daemon=True).start()
    try:
        server.serve(target_loader=load, wrap_loader=False)
    except SystemExit as end:
        # Ctrl-C reaches the workers as well; one that ends before its parent asks is no failure.
        return 0 if server.interrupt_signal else int(end.code or 0)
    finally:
        ended.set()
        reservation.close()
    return 0


def _resolve(host: str) -> tuple[socket.AddressFamily, str]:
    try:
        found = socket.getaddrinfo(host or None, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise IsrgenError(
            f"There is no host called '{host}' to listen on.",
            "Name an address of this machine: 127.0.0.1 (only this machine), 0.0.0.0 (every network).",
        ) from error
    family, _, _, _, where = min(found, key=lambda entry: entry[0] != socket.AF_INET)
    return family, str(where[0])


def _bind(sock: socket.socket, numeric: str, port: int, host: str) -> None:
    try:
        sock.bind((numeric, port))
    except OSError as error:
        raise IsrgenError(*refusal(host, port, error)) from error


def refusal(host: str, port: int, error: OSError) -> tuple[str, str]:
    """What is wrong with an address, and the way out."""
    message, hint = _REFUSALS.get(
        error.errno or 0, ("Port {port} on {host} cannot be opened: {reason}.", _OTHER)
    )
    values = {"host": host, "port": port, "reason": error.strerror or error, "next": port % 65535 + 1}
    return message.format(**values), hint.format(**values)


_OTHER: Final = "Choose another --host or --port."

_REFUSALS: Final = {
    errno.EADDRINUSE: (
        "Port {port} on {host} is in use.",
        "Stop what listens there, or choose another one: --port {next}; --port 0 takes any free one.",
    ),
    errno.EACCES: (
        "Port {port} is privileged: this user may not listen on it.",
        "Choose one from 1024 up, such as --port 8000, and let a proxy forward to it.",
    ),
    errno.EADDRNOTAVAIL: (
        "{host} is not an address of this machine, so port {port} cannot be opened on it.",
        "Name one that is: 127.0.0.1 (only this machine), 0.0.0.0 (every network).",
    ),
}


def _accepts(address: Address, ended: threading.Event) -> bool:
    """Wait until a worker accepts connections; False when the server ended first."""
    while not ended.wait(_POLL):
        with suppress(OSError), socket.create_connection((address.near, address.port), timeout=1):
            return True
    return False
