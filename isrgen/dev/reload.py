"""The browser's half: a script in every page, and the event that makes it load the page again.

A page carries the number of the build that it shows. The event is sent once
nothing but a later one can be met; a worker that has been overtaken ends the
stream instead, and the browser, asking again, meets its successor. A page that
the browser kept while another was shown has heard nothing, and loads again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from enum import Enum
from typing import Final

from isrgen.dev.state import State

PREFIX: Final = "/_isrgen/dev/"
POLL: Final = 0.15
RETRY_MS: Final = 200

_SCRIPT: Final = """(function () {
  var events = new EventSource("%sevents?seen=%d");
  events.addEventListener("reload", function () { events.close(); location.reload(); });
  addEventListener("pagehide", function () { events.close(); });
  addEventListener("pageshow", function (event) { if (event.persisted) location.reload(); });
})();
"""


class Step(Enum):
    """What to tell a browser."""

    WAIT = "wait"
    RELOAD = "reload"
    END = "end"


def shown(state: State, mine: int) -> int:
    """The number of what a worker that serves build ``mine`` shows now.

    >>> shown(State(3, 2), 2), shown(State(4, 4), 2)
    (3, 2)
    """
    return mine if state.good == state.number != mine else state.number


def next_step(state: State, mine: int, seen: int) -> Step:
    """
    >>> next_step(State(5, 5), mine=5, seen=5), next_step(State(6, 6), mine=5, seen=5)
    (<Step.WAIT: 'wait'>, <Step.END: 'end'>)
    >>> next_step(State(6, 6), mine=6, seen=5)
    <Step.RELOAD: 'reload'>
    """
    if state.good == state.number != mine:
        return Step.END
    return Step.WAIT if state.number == seen or not state.settled else Step.RELOAD


def tag(number: int) -> str:
    """The element that goes into a page."""
    return f'<script src="{PREFIX}reload.js?seen={number}"></script>'


def script(seen: int) -> str:
    return _SCRIPT % (PREFIX, seen)


def inject(body: bytes, number: int) -> bytes:
    """``body`` with the script before its last ``</body>``, or at its end.

    >>> inject(b"<p>a</p></BODY></html>", 7)
    b'<p>a</p><script src="/_isrgen/dev/reload.js?seen=7"></script></BODY></html>'
    """
    at = body.lower().rfind(b"</body")
    at = len(body) if at < 0 else at
    return body[:at] + tag(number).encode() + body[at:]


async def events(read: Callable[[], State], mine: int, seen: int) -> AsyncIterator[str]:
    """The server-sent events of one page."""
    yield f"retry: {RETRY_MS}\n\n"
    # The watcher is another process; a file is all it shares with this one.
    while (step := next_step(read(), mine, seen)) is Step.WAIT:  # noqa: ASYNC110
        await asyncio.sleep(POLL)
    if step is Step.RELOAD:
        yield "event: reload\ndata: \n\n"
