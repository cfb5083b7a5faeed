"""What ``isrgen cache show`` tells of one stored response."""

from __future__ import annotations

from typing import Any

import pytest

from isrgen.cli import cache


def variant(key: str) -> dict[str, Any]:
    return {
        "key": key,
        "selecting": {},
        "status": 200,
        "state": "fresh",
        "age": 1,
        "ttl": 59,
        "lifetime": {"fresh": 60, "stale-while-revalidate": 0, "stale-if-error": 0},
        "size": 2048,
        "body_bytes": 12,
        "tags": [],
        "build": "",
        "etag": '"of-the-store"',
        "headers": [["etag", '"of-the-origin"']],
    }


@pytest.mark.parametrize(("key", "told"), [("/tea/", True), ("http://shop.example/tea", False)])
def test_an_entity_tag_is_told_only_where_visitors_are_sent_it(key: str, told: bool) -> None:
    lines = list(cache.described(variant(key)))
    assert ('etag      "of-the-store"' in lines) is told
    assert '  etag: "of-the-origin"' in lines
    assert lines[0] == f"key       {key}"
