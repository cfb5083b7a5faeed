"""What handlers purge, carried out before their answers are sent."""

from __future__ import annotations

import logging

from isrgen.edge.driver import Edge
from isrgen.edge.landing import unpurged
from isrgen.edge.store import PurgeError
from isrgen.http.answer import Answer

log = logging.getLogger("isrgen")


class Purging:
    """``edge`` is None where it is off; a purge is then nobody's, which is said once."""

    def __init__(self, edge: Edge | None) -> None:
        self._edge = edge
        self._warned = False

    async def carry_out(self, answer: Answer) -> Answer:
        """The answer when what it purges is purged, and a 503 when that failed."""
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
