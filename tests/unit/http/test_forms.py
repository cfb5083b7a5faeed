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


def test_more_parts_than_a_form_has_are_a_value_error_before_any_is_read() -> None:
    with pytest.raises(ValueError, match="1000 parts"):
        parse_form(MULTIPART, b"--XX\r\n\r\n\r\n" * 300_000 + b"--XX--\r\n")
    most = b"".join(part(f'form-data; name="f{number}"', b"") for number in range(1000)) + b"--XX--"
    assert len(parse_form(MULTIPART, most)) == 1000


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        'multipart/form-data; boundary=""',
        "multipart/form-data; x=" + "(" * 60_000,
        "multipart/form-data; boundary=" + "(" * 60_000,
        'multipart/form-data; boundary="XX',
        "multipart/form-data; boundary=YY",
        "multipart/form-data; boundary=X",
    ],
)
def test_a_boundary_that_is_not_there_is_a_value_error(content_type: str) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        parse_form(content_type, part('form-data; name="a"', b"1") + b"--XX--\r\n")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nothing",
        b"--XX",
        part('form-data; name="a"', b"1"),
        b"--XX\r\nContent-Disposition: form-data\r\n--XX--\r\n",
        b"--XX\r\nContent-Disposition: form-data; name=" + b"a" * 100_000 + b"\r\n\r\n1\r\n--XX--",
    ],
)
def test_a_body_that_breaks_off_or_has_no_form_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        parse_form(MULTIPART, body)


# Content-Disposition of a part -> its name and file name
DISPOSITIONS: list[tuple[str, str | None, str | None]] = [
    ('form-data; name="a"', "a", None),
    ("form-data; name=a", "a", None),
    ('FORM-DATA; Name="a" ; FILENAME="b c.txt"', "a", "b c.txt"),
    ('form-data; name="a;b"; filename="x; name=y"', "a;b", "x; name=y"),
    (r'form-data; name="a\"b"; filename="c:\d\e.txt"', 'a"b', r"c:\d\e.txt"),
    ('form-data; name="a%22b"', "a%22b", None),
    ('form-data; name="é"; filename=""', "é", ""),
    ("form-data; name=\"a\"; filename*=UTF-8''%C3%A9.txt", "a", "é.txt"),
    ('form-data; filename="b"', None, None),
    ('form-data; name="a', None, None),
    ("form-data", None, None),
    ("", None, None),
]


@pytest.mark.parametrize(
    ("disposition", "name", "filename"), DISPOSITIONS, ids=[row[0] for row in DISPOSITIONS]
)
def test_a_part_says_its_name_in_many_ways(disposition: str, name: str | None, filename: str | None) -> None:
    form = parse_form(MULTIPART, part(disposition, b"1") + b"--XX--\r\n")
    if name is None:
        assert dict(form) == {}
    else:
        assert dict(form) == {name: "1" if filename is None else Upload(filename, "text/plain", b"1")}


def test_what_stands_before_the_first_and_after_the_last_boundary_is_no_part() -> None:
    body = (
        b"preamble\r\n"
        + part('form-data; name="a"', b"1")
        + b"--XX--\r\n"
        + part('form-data; name="b"', b"2")
    )
    assert dict(parse_form(MULTIPART, body)) == {"a": "1"}


@pytest.mark.parametrize("content", [b"\r\n--XXY", b"a\r\n--XX-\r\n--XX-", b"\r\n--XY\r\n"])
def test_a_line_that_only_begins_like_the_boundary_is_content(content: bytes) -> None:
    body = part('form-data; name="a"', content) + b"--XX--"
    assert dict(parse_form(MULTIPART, body)) == {"a": content.decode()}


NAMES = st.text(
    st.characters(exclude_characters='"\\\r\n\x00', exclude_categories=("Cs",)), min_size=1, max_size=9
)


@given(st.lists(st.tuples(NAMES, st.binary(max_size=60), NAMES | st.none()), max_size=8))
def test_what_a_browser_posts_arrives_byte_for_byte(fields: list[tuple[str, bytes, str | None]]) -> None:
    body = b"".join(
        f'--=_Z9\r\nContent-Disposition: form-data; name="{name}"'.encode()
        + (b"" if filename is None else f'; filename="{filename}"\r\nContent-Type: a/b'.encode())
        + b"\r\n\r\n"
        + content
        + b"\r\n"
        for name, content, filename in fields
    )
    form = parse_form('multipart/form-data; charset=x; boundary="=_Z9"', body + b"--=_Z9--\r\n")
    expected: dict[str, list[object]] = {}
    for name, content, filename in fields:
        value = content.decode("utf-8", "replace") if filename is None else Upload(filename, "a/b", content)
        expected.setdefault(name, []).append(value)
    assert {name: form.getall(name) for name in form} == expected


@given(st.binary(max_size=300), st.text(max_size=40))
def test_no_body_does_more_than_raise_a_value_error(body: bytes, boundary: str) -> None:
    with contextlib.suppress(ValueError):
        parse_form(f"multipart/form-data; boundary={boundary}", body)
