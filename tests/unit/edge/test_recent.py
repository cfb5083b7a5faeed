"""Facts about keys, bounded in number."""

from __future__ import annotations

from isrgen.edge.recent import Recent


def test_the_oldest_fact_is_forgotten_first() -> None:
    recent: Recent[str, int] = Recent(2)
    recent.set("a", 1)
    recent.set("b", 2)
    recent.set("a", 3)
    recent.set("c", 4)
    assert [recent.get(key) for key in "abc"] == [3, None, 4]
    recent.forget("a")
    recent.forget("a")
    assert (recent.get("a"), len(recent)) == (None, 1)
