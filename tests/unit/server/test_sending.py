"""The part of a page that a visitor asked for (RFC 9110 sections 13 and 14)."""

from __future__ import annotations

import pytest

from isrgen.caching.dates import http_date
from isrgen.server.message import Incoming, Outgoing
from isrgen.server.sending import conditional

TAG = ("etag", '"a"')
SHARED = ("cache-control", "public, max-age=0, must-revalidate")
PRIVATE = ("cache-control", "private, no-store")
CHANGED = ("last-modified", http_date(1000))


async def nothing(most: int) -> bytes:
    return b""


def ask(outgoing: Outgoing, *headers: tuple[str, str], method: str = "GET") -> Outgoing:
    return conditional(Incoming(method, "/", None, "", list(headers), "", nothing), outgoing)


def page(*headers: tuple[str, str], status: int = 200) -> Outgoing:
    return Outgoing(status, [("content-type", "text/html"), *headers], b"0123456789")


@pytest.mark.parametrize(
    ("asked", "status", "body"),
    [
        ([], 200, b"0123456789"),
        ([("range", "bytes=2-3")], 206, b"23"),
        ([("range", "bytes=-1")], 206, b"9"),
        ([("range", "bytes=10-")], 416, b""),
        ([("range", "bytes=x")], 200, b"0123456789"),
        ([("range", "bytes=2-3"), ("if-range", '"a"')], 206, b"23"),
        ([("range", "bytes=2-3"), ("if-range", '"b"')], 200, b"0123456789"),
        ([("if-none-match", '"b"'), ("if-none-match", 'W/"a"')], 304, b""),
        ([("if-none-match", '"a"'), ("range", "bytes=2-3")], 304, b""),
        ([("if-modified-since", http_date(1000))], 304, b""),
        ([("if-modified-since", http_date(999))], 200, b"0123456789"),
        ([("if-none-match", '"b"'), ("if-modified-since", http_date(1000))], 200, b"0123456789"),
    ],
)
def test_a_kept_page_answers_conditions_and_ranges(
    asked: list[tuple[str, str]], status: int, body: bytes
) -> None:
    sent = ask(page(TAG, SHARED, CHANGED), *asked)
    assert (sent.status, sent.body) == (status, body)
    assert ("etag", '"a"') in sent.headers


@pytest.mark.parametrize(
    "asked",
    [
        [("if-match", '"b"')],
        [("if-match", '"b"'), ("if-match", '"c"')],
        [("if-unmodified-since", http_date(999))],
    ],
)
@pytest.mark.parametrize("kept", [SHARED, PRIVATE])
def test_a_condition_that_fails_is_a_412_from_the_server_that_makes_the_page(
    asked: list[tuple[str, str]], kept: tuple[str, str]
) -> None:
    """RFC 9110 section 13.2.2: a cache may leave these to the origin, and for its own pages that is us."""
    sent = ask(page(TAG, kept, CHANGED), *asked)
    assert (
        sent.status,
        b"0123456789" in sent.body,
        ("cache-control", "private, no-store") in sent.headers,
    ) == (412, False, True)
    good = ask(page(TAG, kept, CHANGED), ("if-match", '"b"'), ("if-match", '"a"'))
    assert (good.status, good.body) == (200, b"0123456789")


def test_a_part_says_which() -> None:
    sent = ask(page(TAG, SHARED), ("range", "bytes=2-3"))
    assert ("content-range", "bytes 2-3/10") in sent.headers
    assert ("content-type", "text/html") in sent.headers


def test_a_page_for_one_visitor_is_sent_whole_for_the_next_part_would_be_of_another() -> None:
    assert ask(page(TAG, PRIVATE), ("range", "bytes=2-3")).status == 200
    assert ask(page(TAG, PRIVATE), ("if-none-match", '"a"')).status == 304


def test_a_cookie_set_beside_a_page_is_not_lost() -> None:
    cookie = ("set-cookie", "a=1")
    assert ask(page(TAG, cookie), ("if-none-match", '"a"')).status == 200
    assert ask(page(TAG, cookie), ("range", "bytes=0-1")).status == 200


@pytest.mark.parametrize("status", [404, 301, 500])
def test_only_a_200_is_sent_otherwise(status: int) -> None:
    assert ask(page(TAG, SHARED, status=status), ("if-none-match", '"a"')).status == status


def test_head_has_conditions_and_no_ranges() -> None:
    assert ask(page(TAG, SHARED), ("if-none-match", '"a"'), method="HEAD").status == 304
    assert ask(page(TAG, SHARED), ("range", "bytes=0-1"), method="HEAD").status == 200


def test_other_methods_are_sent_whole() -> None:
    assert ask(page(TAG, SHARED), ("if-none-match", '"a"'), method="POST").status == 200
