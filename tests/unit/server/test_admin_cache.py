"""What the store holds, as programs are told it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from isrgen.caching.policy import Lifetime
from isrgen.caching.stored import Stored
from isrgen.edge.stores.memory import MemoryStore
from isrgen.server.admin_cache import listing, shown


def told(*cookies: str) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """The listing and the showing of a page with a variant for each cookie."""

    async def run() -> tuple[dict[str, Any], dict[str, Any] | None]:
        store = MemoryStore()
        for cookie in cookies:
            selecting = (("accept-language", "de"), ("cookie", cookie))
            await store.put("/", Stored(200, (), b"x", "", Lifetime(60), 1000.0, selecting), 0)
        return await listing(store, "", 10, 1000.0), await shown(store, "/", 1000.0, with_body=True)

    return asyncio.run(run())


def test_a_cookie_that_selects_a_variant_is_told_apart_from_others_and_not_told() -> None:
    both = told("session=alice", "session=bob", "")
    assert "alice" not in json.dumps(both)
    assert both[1] is not None
    for entries in (both[0]["entries"], both[1]["variants"]):
        assert {entry["selecting"]["accept-language"] for entry in entries} == {"de"}
        assert len({entry["selecting"]["cookie"] for entry in entries}) == 3
        assert "" in {entry["selecting"]["cookie"] for entry in entries}
