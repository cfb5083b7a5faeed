"""What handlers purge, and what their methods make invalid, carried out before their answers are sent."""

from __future__ import annotations

import logging

from isrgen.caching.urls import changes_state
from isrgen.edge.driver import Edge
from isrgen.edge.landing import unpurged
from isrgen.edge.store import PurgeError
from isrgen.http.answer import Answer
from isrgen.server.visit import Visit

log = logging.getLogger("isrgen")


class Purging:
    """``edge`` is None where it is off; a purge is then nobody's, which is said once."""

    def __init__(self, edge: Edge | None) -> None:
        self._edge = edge
        self._warned = False

    async def after(self, visit: Visit, answer: Answer) -> Answer:
        """The answer when what it purges and what it makes invalid are gone, and a 503 when a purge failed.

        Whatever became of its purges, the handler has done its work. The method
        speaks for its own URL alone: what ``Location`` names may be removed as
        well (RFC 9111 section 4.4), and is not, for whoever signs in is led to
        some page, and the next visitor would wait for it.
        """
        changes = visit.changes_what_is_kept and changes_state(visit.incoming.method, answer.status)
        if changes and self._edge is not None and (key := visit.key):
            await self._edge.invalidate(key)
        return await self._carry_out(answer)

    async def _carry_out(self, answer: Answer) -> Answer:
        if not answer.purges:
            return answer
        if self._edge is None:
            self._warn()
            return answer
        try:
            await self._edge.purge(answer.purges)
        except PurgeError:
            return await unpurged(answer)
        return answer

    def _warn(self) -> None:
        if not self._warned:
            self._warned = True
            log.warning("a handler revalidates pages, but the edge is off: nothing was purged anywhere")
