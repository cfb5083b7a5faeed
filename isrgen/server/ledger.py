"""What is counted of every response, and written to the access log where there is one."""

from __future__ import annotations

from time import perf_counter
from typing import Any, Final

from isrgen.edge.counters import Count, Counters
from isrgen.server.access import AccessLog
from isrgen.server.message import Incoming, Outgoing
from isrgen.server.proxies import Proxies

_CLASSES: Final = {
    2: int(Count.STATUS_2XX),
    3: int(Count.STATUS_3XX),
    4: int(Count.STATUS_4XX),
    5: int(Count.STATUS_5XX),
}
_REQUESTS: Final = int(Count.REQUESTS)
_BYTES: Final = int(Count.RESPONSE_BYTES)


class Ledger:
    """``access`` is None where no log is written."""

    __slots__ = ("_proxies", "access", "counters")

    def __init__(self, counters: Counters, access: AccessLog | None, proxies: Proxies) -> None:
        self.counters = counters
        self.access = access
        self._proxies = proxies

    def sent(self, incoming: Incoming, outgoing: Outgoing, size: int, began: float) -> None:
        """A response is sent: ``size`` bytes of body. ``began`` is as ``perf_counter`` told it."""
        self.count(outgoing.status, size)
        if self.access is None:
            return
        path = incoming.path if incoming.raw_path is None else incoming.raw_path.decode("latin-1")
        self.access.note(
            incoming.method,
            path,
            incoming.query,
            outgoing.status,
            size,
            perf_counter() - began,
            next((value for name, value in outgoing.headers if name == "cache-status"), ""),
            self._proxies.address(incoming.peer, incoming.get("x-forwarded-for") or ""),
        )

    def count(self, status: int, size: int) -> None:
        cells = self.counters.cells
        cells[_REQUESTS] += 1
        cells[_BYTES] += size
        kind = _CLASSES.get(status // 100)
        if kind is not None:
            cells[kind] += 1
        if status == 304:
            cells[Count.NOT_MODIFIED] += 1

    def log_scope(
        self, scope: Any, peer: str, status: int, size: int, cache_status: str, began: float
    ) -> None:
        """The same for a request of granian's that nothing was made of; it is counted already."""
        if self.access is not None:
            forwarded = ", ".join(scope.headers.get_all("x-forwarded-for"))
            self.access.note(
                scope.method,
                scope.path,
                scope.query_string,
                status,
                size,
                perf_counter() - began,
                cache_status,
                self._proxies.address(peer, forwarded),
            )
