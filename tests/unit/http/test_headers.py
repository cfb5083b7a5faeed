"""Header fields: mutable, case-insensitive, and never able to break a message apart."""

from __future__ import annotations

import pytest

from isrgen.http.headers import Headers


def test_set_replaces_whatever_the_case() -> None:
    headers = Headers({"X-A": "1"})
    headers.append("x-a", "2")
    assert headers.get("X-a") == "1, 2"
    headers.set("x-A", "3")
    assert headers.pairs() == (("x-A", "3"),)


def test_set_cookie_is_always_another_line() -> None:
    headers = Headers()
    headers.set("Set-Cookie", "a=1")
    headers["set-cookie"] = "b=2"
    headers.update({"Set-Cookie": "c=3"})
    assert headers.getall("SET-COOKIE") == ["a=1", "b=2", "c=3"]
    assert Headers(headers).getall("set-cookie") == ["a=1", "b=2", "c=3"]


def test_a_copy_is_independent() -> None:
    first = Headers({"A": "1"})
    second, third = first.copy(), Headers(first)
    second.set("A", "2")
    third.set("A", "3")
    assert first["a"] == "1"


def test_delete_takes_every_line_and_does_not_mind_absent_names() -> None:
    headers = Headers([("A", "1"), ("a", "2"), ("B", "3")])
    headers.delete("A")
    headers.delete("A")
    assert list(headers) == ["b"]
    assert len(headers) == 1
    with pytest.raises(KeyError):
        del headers["a"]
    with pytest.raises(KeyError):
        headers["a"]
    assert headers.get("a", 7) == 7
    assert "A" not in headers


@pytest.mark.parametrize("name", ["", "a b", "a:", "a\r\nb", "é", "a\x00", "(a)"])
def test_a_name_that_is_not_a_token_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not the name of a header"):
        Headers().append(name, "v")


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: b=1", "a\n", "\x00", "a\x7f", "snow ☃"])
def test_a_value_that_could_break_the_message_is_refused(value: str) -> None:
    for change in (Headers().append, Headers().set, Headers().__setitem__):
        with pytest.raises(ValueError, match="the header X-A"):
            change("X-A", value)


def test_a_value_that_is_no_string_is_refused_with_its_name() -> None:
    with pytest.raises(ValueError, match="X-Count is 3, which is not a string"):
        Headers({"X-Count": 3})  # type: ignore[dict-item]


def test_white_space_around_a_value_is_not_part_of_it() -> None:
    assert Headers({"A": " \tb c\t"})["A"] == "b c"
