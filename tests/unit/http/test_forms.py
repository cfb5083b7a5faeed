"""Posted forms, hostile ones too."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isrgen.http.forms import Upload, parse_form

MULTIPART = "multipart/form-data; boundary=XX"


def part(disposition: str, content: bytes, more: str = "") -> bytes:
    return f"--XX\r\nContent-Disposition: {disposition}\r\n{more}\r\n".encode() + content + b"\r\n"


def test_a_urlencoded_form_keeps_empty_and_repeated_fields() -> None:
    form = parse_form("application/x-www-form-urlencoded; charset=utf-8", b"a=1&b=&a=%C3%A9")
    assert dict(form) == {"a": "1", "b": ""}
    assert form.getall("a") == ["1", "é"]
    assert len(form) == 2
    with pytest.raises(KeyError):
        form["c"]


def test_an_upload_keeps_every_byte() -> None:
    content = bytes(range(256)) + b"\r\n\n\r--XY\r\n"
    body = (
        part('form-data; name="f"; filename="a.bin"', content, "Content-Type: image/png\r\n") + b"--XX--\r\n"
    )
    form = parse_form(MULTIPART, body)
    assert form["f"] == Upload("a.bin", "image/png", content)


def test_a_multipart_field_is_text() -> None:
    form = parse_form(MULTIPART, part('form-data; name="t"', "é\r\nb".encode()) + b"--XX--\r\n")
    assert form["t"] == "é\r\nb"


@pytest.mark.parametrize("media", ["", "application/json", "text/plain", "multipart/mixed"])
def test_what_is_no_form_is_a_value_error(media: str) -> None:
    with pytest.raises(ValueError, match="not a form"):
        parse_form(media, b"a=1")


def test_thousands_of_fields_are_a_value_error() -> None:
    with pytest.raises(ValueError, match=r"[Ff]ields"):
        parse_form("application/x-www-form-urlencoded", b"a=1&" * 2000)


def test_deeply_nested_parts_are_a_value_error() -> None:
    body = b"".join(
        f"--B{n}\r\nContent-Type: multipart/mixed; boundary=B{n + 1}\r\n\r\n".encode() for n in range(3000)
    )
    with pytest.raises(ValueError, match="cannot be read"):
        parse_form("multipart/form-data; boundary=B0", body)


@given(st.binary(max_size=300), st.text(max_size=40))
def test_no_body_does_more_than_raise_a_value_error(body: bytes, boundary: str) -> None:
    with contextlib.suppress(ValueError):
        parse_form(f"multipart/form-data; boundary={boundary}", body)
