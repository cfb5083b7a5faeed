"""ETag, 304, 206 and 416."""

from __future__ import annotations

from email import message_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isrgen.caching.validation import (
    Representation,
    Verdict,
    cut,
    etag_of,
    evaluate,
    http_date,
    matches_none,
    not_modified_headers,
    spans_of,
)

BODY = b"0123456789"
WHAT = Representation(len(BODY), etag_of(BODY), 1_000_000.0, "text/plain")


def asked(method: str = "GET", what: Representation = WHAT, **fields: str) -> Verdict:
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    return evaluate(method, named.get, what)


def test_the_same_bytes_have_the_same_entity_tag() -> None:
    assert etag_of(b"a") == etag_of(b"a") != etag_of(b"b")


@pytest.mark.parametrize(
    ("field", "matches"),
    [
        ('"x"', True),
        ('W/"x"', True),
        ('"a", "x"', True),
        ('"a",W/"x"', True),
        ("*", True),
        (" * ", True),
        ('"a"', False),
        ("x", False),
        ('"x', False),
        ("", False),
    ],
)
def test_if_none_match_compares_weakly(field: str, matches: bool) -> None:
    """RFC 9110 section 13.1.2."""
    assert matches_none(field, '"x"') is matches
    assert matches_none(field, 'W/"x"') is matches


def test_a_copy_that_is_still_good_is_a_304() -> None:
    assert asked(if_none_match=WHAT.etag).status == 304
    assert asked("HEAD", if_none_match=WHAT.etag).status == 304
    assert asked(if_modified_since=http_date(1_000_000)).status == 304
    assert asked(if_modified_since=http_date(2_000_000)).status == 304
    assert asked(if_modified_since=http_date(999_999)).status == 200


@pytest.mark.parametrize(
    ("etag", "field", "status"),
    [
        ('"x"', '"x"', 200),
        ('"x"', '"a", "x"', 200),
        ('"x"', "*", 200),
        ("", "*", 200),
        ('"x"', '"a"', 412),
        ('"x"', 'W/"x"', 412),
        ('W/"x"', 'W/"x"', 412),
        ("", '"x"', 412),
        ('"x"', "", 412),
    ],
)
def test_if_match_compares_strongly(etag: str, field: str, status: int) -> None:
    """RFC 9110 section 13.1.1."""
    what = Representation(10, etag)
    for method in ("GET", "HEAD"):
        assert asked(method, what, if_match=field).status == status
        assert asked(method, what, if_match=field, if_none_match="*").status == (
            304 if status == 200 else 412
        )


@pytest.mark.parametrize(
    ("date", "status"),
    [(http_date(1_000_000), 200), (http_date(1_000_001), 200), (http_date(999_999), 412), ("yesterday", 200)],
)
def test_if_unmodified_since_counts_where_there_is_no_if_match(date: str, status: int) -> None:
    """RFC 9110 section 13.1.4."""
    assert asked(if_unmodified_since=date).status == status
    assert asked(if_unmodified_since=date, if_match=WHAT.etag).status == 200
    assert asked(if_unmodified_since=date, what=Representation(10)).status == 200


def test_if_none_match_makes_if_modified_since_count_for_nothing() -> None:
    """RFC 9110 section 13.1.3."""
    assert asked(if_none_match='"other"', if_modified_since=http_date(1_000_000)).status == 200


@pytest.mark.parametrize(
    "date", ["", "yesterday", "0", "Thu, 99 Jan 1970 00:00:00 GMT", "x" * 10_000, "1" * 60]
)
def test_a_date_that_is_none_is_ignored(date: str) -> None:
    assert asked(if_modified_since=date).status == 200
    assert asked(range="bytes=0-1", if_range=date).status == 200


@pytest.mark.parametrize(
    ("field", "spans"),
    [
        ("bytes=0-4", ((0, 5),)),
        ("bytes=5-", ((5, 10),)),
        ("bytes=-3", ((7, 10),)),
        ("bytes=-30", ((0, 10),)),
        ("bytes=5-50", ((5, 10),)),
        ("BYTES=0-0", ((0, 1),)),
        ("bytes=0-1, 4-5", ((0, 2), (4, 6))),
        ("bytes=0-1,20-", ((0, 2),)),
        ("bytes=10-", ()),
        ("bytes=-0", ()),
        ("bytes=4-2", None),
        ("bytes=a-b", None),
        ("bytes=", None),
        ("bytes=-", None),
        ("lines=1-2", None),
        ("bytes 0-4", None),
        ("bytes=0-8,1-9", None),
        ("bytes=" + ",".join(["0-0"] * 17), None),
        ("bytes=" + "9" * 30 + "-", None),
    ],
)
def test_a_range_is_read(field: str, spans: tuple[tuple[int, int], ...] | None) -> None:
    """RFC 9110 section 14.1.2; what cannot be read is ignored (section 14.2)."""
    assert spans_of(field, 10) == spans


def test_one_part_is_a_206_with_its_place() -> None:
    verdict = asked(range="bytes=2-4")
    assert (verdict.status, dict(verdict.headers)) == (206, {"Content-Range": "bytes 2-4/10"})
    assert cut(verdict, BODY, WHAT) == b"234"


def test_a_part_that_cannot_be_had_is_a_416_with_the_size() -> None:
    verdict = asked(range="bytes=10-")
    assert verdict.status == 416
    assert dict(verdict.headers)["Content-Range"] == "bytes */10"
    assert cut(verdict, BODY, WHAT) == b""


def test_several_parts_are_multipart() -> None:
    """RFC 9110 section 14.6, read back by the standard library."""
    verdict = asked(range="bytes=0-1,-2")
    head = "".join(f"{name}: {value}\r\n" for name, value in verdict.headers)
    parsed = message_from_bytes(head.encode() + b"\r\n" + cut(verdict, BODY, WHAT))
    parts = [(part["Content-Range"], part.get_payload(decode=True)) for part in parsed.get_payload()]
    assert parts == [("bytes 0-1/10", b"01"), ("bytes 8-9/10", b"89")]


def test_ranges_are_for_get_alone() -> None:
    assert asked("HEAD", range="bytes=0-1").status == 200


@pytest.mark.parametrize(
    ("if_range", "status"),
    [
        (WHAT.etag, 206),
        (f"W/{WHAT.etag}", 200),
        ('"other"', 200),
        (http_date(1_000_000), 206),
        (http_date(1_000_001), 200),
    ],
)
def test_if_range_asks_for_the_very_same_representation(if_range: str, status: int) -> None:
    """RFC 9110 section 13.1.5."""
    assert asked(range="bytes=0-1", if_range=if_range).status == status


def test_a_304_carries_what_the_200_would_have_said_of_caching() -> None:
    pairs = [("Cache-Control", "x"), ("Content-Type", "text/html"), ("ETag", '"x"'), ("Vary", "Accept")]
    assert not_modified_headers(pairs) == [pairs[0], pairs[2], pairs[3]]


@given(st.text(max_size=60), st.integers(0, 100))
def test_any_range_is_answered_within_the_body(field: str, size: int) -> None:
    for start, end in spans_of(f"bytes={field}", size) or ():
        assert 0 <= start < end <= size


@pytest.mark.parametrize("noise", [" ", "0", ",", '"', "W/"])
def test_fields_are_read_in_linear_time(noise: str) -> None:
    asked(range="bytes=" + noise * 300_000, if_none_match=noise * 300_000 + "x")
    spans_of("bytes=" + noise * 300_000, 10)
