"""What the store holds, as programs are told it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from isrgen.caching.policy import Lifetime
from isrgen.caching.stored import NEVER_STALE, Stored
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


@pytest.mark.parametrize(
    ("lifetime", "disconnected", "invalidated", "now", "state"),
    [
        (Lifetime(60), 100, False, 1060.0, "stale-if-unreachable"),
        (Lifetime(60), 100, False, 1160.0, "expired"),
        (Lifetime(60), 100, True, 1010.0, "invalidated"),
        (Lifetime(60), NEVER_STALE, True, 1010.0, "expired"),
        (Lifetime(60, 0, 30), NEVER_STALE, True, 1010.0, "stale-if-error"),
    ],
)
def test_what_an_origin_allows_is_in_the_state(
    lifetime: Lifetime, disconnected: int, invalidated: bool, now: float, state: str
) -> None:
    stored = Stored(
        200, (), b"x", "", lifetime, 1000.0, invalidated=invalidated, if_disconnected=disconnected
    )

    async def run() -> tuple[Any, Any]:
        store = MemoryStore()
        await store.put("/", stored, 0)
        return await listing(store, "", 10, now), await shown(store, "/", now, with_body=False)

    listed, found = asyncio.run(run())
    assert [listed["entries"][0]["state"], found["variants"][0]["state"]] == [state] * 2


def test_a_cookie_that_selects_a_variant_is_told_apart_from_others_and_not_told() -> None:
    both = told("session=alice", "session=bob", "")
    assert "alice" not in json.dumps(both)
    assert both[1] is not None
    for entries in (both[0]["entries"], both[1]["variants"]):
        assert {entry["selecting"]["accept-language"] for entry in entries} == {"de"}
        assert len({entry["selecting"]["cookie"] for entry in entries}) == 3
        assert "" in {entry["selecting"]["cookie"] for entry in entries}
