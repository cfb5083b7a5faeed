"""Responses that should be the same, and what is told where they are not."""

from __future__ import annotations

from isrgen.check.comparing import Steady, are_same, difference, mentions
from isrgen.check.visits import Seen


def seen(body: str | bytes, *headers: tuple[str, str], status: int = 200) -> Seen:
    return Seen(status, headers, body if isinstance(body, bytes) else body.encode())


def test_what_tells_of_one_response_alone_does_not_count() -> None:
    one = seen("a", ("age", "1"), ("cache-status", "isrgen; hit"), ("etag", '"x"'), ("x", "1"))
    assert are_same(one, seen("a", ("x", "1"), ("content-length", "1")))


def test_status_headers_and_body_count() -> None:
    one = seen("a", ("x", "1"))
    assert not are_same(one, seen("a", ("x", "2")))
    assert not are_same(one, seen("b", ("x", "1")))
    assert not are_same(one, seen("a", ("x", "1"), status=404))


def test_a_difference_shows_the_elements_that_differ() -> None:
    one, other = seen("<p>same</p><b>guest</b><i>x</i>"), seen("<p>same</p><b>user</b><i>x</i>")
    assert difference(one, other, ("here", "there")) == [
        "--- here",
        "+++ there",
        "-<b>guest</b>",
        "+<b>user</b>",
    ]


def test_a_long_line_is_cut_to_where_it_differs() -> None:
    one, other = seen("x" * 500 + "guest" + "y" * 500), seen("x" * 500 + "user" + "y" * 500)
    gone, come = difference(one, other, ("here", "there"))[2:]
    assert gone == "-…" + "x" * 40 + "guest" + "y" * 75 + "…"
    assert "user" in come
    assert len(come) < 130


def test_many_lines_are_counted() -> None:
    one, other = seen("\n".join("abcdefghijklmnop")), seen("\n".join("ABCDEFGHIJKLMNOP"))
    lines = difference(one, other, ("here", "there"))
    assert lines[-1] == "... and 20 lines more"
    assert len(lines) == 15


def test_bytes_that_are_no_text_are_counted() -> None:
    assert difference(seen(b"\xff\x00"), seen(b"\xff\x00\x01"), ("here", "there")) == [
        "--- here: 2 bytes",
        "+++ there: 3 bytes",
    ]


def test_a_text_is_found_in_body_and_headers_in_any_case() -> None:
    assert mentions(seen("<b>ISRGEN-check-A</b>"), "isrgen-check-a")
    assert mentions(seen("", ("location", "/isrgen-check-a/")), "isrgen-check-a")
    assert not mentions(seen("guest", ("etag", "isrgen-check-a")), "isrgen-check-a")


def test_what_differs_by_itself_is_left_out() -> None:
    steady = Steady.of([seen("<p>At 11:51:55 for guest</p>"), seen("<p>At 11:51:58 for guest</p>")])
    assert steady.can_be_compared
    assert not steady.is_one
    assert steady.is_like(seen("<p>At 12:00:01 for guest</p>"))
    assert not steady.is_like(seen("<p>At 12:00:01 for user</p>"))
    assert not steady.is_like(seen("<p>At 12:00:01 for guest and more</p>"))


def test_what_is_the_same_every_time_has_to_stay_so() -> None:
    steady = Steady.of([seen("a"), seen("a")])
    assert steady.is_one
    assert steady.is_like(seen("a"))
    assert not steady.is_like(seen("b"))


def test_what_has_not_even_as_many_words_cannot_be_compared_with_anything() -> None:
    steady = Steady.of([seen("one"), seen("one two")])
    assert not steady.can_be_compared
    assert steady.is_like(seen("whatever"))


def test_binary_content_that_differs_by_itself_cannot_be_compared() -> None:
    assert not Steady.of([seen(b"\x00\x01"), seen(b"\x00\x02")]).can_be_compared
    assert not Steady.of([seen(b"\x00\x01")]).is_like(seen(b"\x00\x02"))
