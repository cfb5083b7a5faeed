"""Cache-Status (RFC 9211)."""

from __future__ import annotations

import pytest

from isrgen.caching.status import CacheStatus, Fwd


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (CacheStatus(hit=True, ttl=3540), "isrgen; hit; ttl=3540"),
        (CacheStatus(fwd=Fwd.URI_MISS, stored=True), "isrgen; fwd=uri-miss; stored"),
        (CacheStatus(hit=True, ttl=-12, detail="revalidating"), "isrgen; hit; ttl=-12; detail=revalidating"),
        (CacheStatus(fwd=Fwd.BYPASS, detail="cookie"), "isrgen; fwd=bypass; detail=cookie"),
        (CacheStatus(fwd=Fwd.STALE, fwd_status=503), "isrgen; fwd=stale; fwd-status=503"),
        (CacheStatus(fwd=Fwd.URI_MISS, collapsed=True), "isrgen; fwd=uri-miss; collapsed"),
        (CacheStatus(detail='a "b" \\ é\r\n'), 'isrgen; detail="a \\"b\\" \\\\ ???"'),
        (CacheStatus(detail="9 lives"), 'isrgen; detail="9 lives"'),
    ],
)
def test_it_is_written_as_a_structured_field(status: CacheStatus, text: str) -> None:
    assert str(status) == text
