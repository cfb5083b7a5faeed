"""What a protocol of servers asks of whoever answers."""

from __future__ import annotations

from typing import Protocol

from isrgen.server.ledger import Ledger
from isrgen.server.message import Incoming, Outgoing


class Handler(Protocol):
    """What answers, what it has to do before and after, and where its responses are counted."""

    @property
    def ledger(self) -> Ledger: ...

    async def handle(self, incoming: Incoming) -> Outgoing: ...

    async def start(self) -> None: ...

    async def stop(self) -> None: ...
