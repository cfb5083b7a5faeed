"""Every way of looking at a request is a recorded read."""

from __future__ import annotations

import asyncio
import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from isrgen.caching.privacy import What
from isrgen.http.reads import SealedError
from isrgen.http.request import Request, limit_url, parse_cookies, reads_of, seal, shows_cookies


def request(**more: Any) -> Request:
    facts: dict[str, Any] = {
        "query_string": "page=2&utm=x&page=3",
        "headers": [("cookie", "session=a; theme=dark"), ("accept-language", "de"), ("x-twice", "1")],
        "client": "203.0.113.9",
        "base_url": "https://example.org",
    }
    return Request("GET", "/blog/café/", **{**facts, **more})


def whats(of: Request) -> set[tuple[What, str]]:
    return {(read.what, read.name) for read in reads_of(of)}


ONE: list[tuple[str, Callable[[Request], object], tuple[What, str]]] = [
    ("cookies.get", lambda r: r.cookies.get("session"), (What.COOKIE, "session")),
    ("cookies.get of an absent one", lambda r: r.cookies.get("nope", ""), (What.COOKIE, "nope")),
    ("cookies[]", lambda r: r.cookies["session"], (What.COOKIE, "session")),
    ("in cookies", lambda r: "nope" in r.cookies, (What.COOKIE, "nope")),
    ("in cookies.keys()", lambda r: "nope" in r.cookies.keys(), (What.COOKIE, "nope")),  # noqa: SIM118
    ("cookies.getall", lambda r: r.cookies.getall("session"), (What.COOKIE, "session")),
    ("headers.get", lambda r: r.headers.get("Accept-Language"), (What.HEADER, "accept-language")),
    ("headers[]", lambda r: r.headers["X-Twice"], (What.HEADER, "x-twice")),
    ("the raw Cookie header", lambda r: r.headers.get("Cookie"), (What.ALL_COOKIES, "")),
    ("in headers, Cookie", lambda r: "cookie" in r.headers, (What.ALL_COOKIES, "")),
    ("query.get", lambda r: r.query.get("page"), (What.QUERY, "page")),
    ("query.getall", lambda r: r.query.getall("utm"), (What.QUERY, "utm")),
    ("client", lambda r: r.client, (What.CLIENT, "")),
    ("url", lambda r: r.url, (What.ALL_QUERY, "")),
]


@pytest.mark.parametrize(("look", "read"), [row[1:] for row in ONE], ids=[row[0] for row in ONE])
def test_a_look_at_one_part_is_recorded(look: Callable[[Request], object], read: tuple[What, str]) -> None:
    made = request()
    look(made)
    assert whats(made) == {read}


ALL: list[tuple[str, Callable[[Any], object]]] = [
    ("iteration", list),
    ("keys", lambda view: list(view.keys())),
    ("values", lambda view: list(view.values())),
    ("items", lambda view: list(view.items())),
    ("dict()", dict),
    ("**", lambda view: {**view}),
    ("len", len),
    ("len of items", lambda view: len(view.items())),
    ("bool", bool),
    ("str", str),
    ("repr", repr),
    ("an f-string", lambda view: f"{view}"),
    ("%s", lambda view: "%s" % view),  # noqa: UP031
    ("==", lambda view: view == {}),
    ("!=", lambda view: view != {}),
    ("sorted", sorted),
    ("in values", lambda view: "x" in view.values()),
    ("a set of keys", lambda view: view.keys() - {"x"}),
    ("repr of items", lambda view: repr(view.items())),
    ("a copy, printed", lambda view: str(copy.copy(view))),
    ("a deep copy, printed", lambda view: str(copy.deepcopy(view))),
]


@pytest.mark.parametrize("look", [row[1] for row in ALL], ids=[row[0] for row in ALL])
@pytest.mark.parametrize(
    ("name", "everything"),
    [("cookies", What.ALL_COOKIES), ("headers", What.ALL_HEADERS), ("query", What.ALL_QUERY)],
)
def test_looking_at_the_whole_of_a_view_counts_as_reading_everything(
    look: Callable[[Any], object], name: str, everything: What
) -> None:
    made = request()
    look(getattr(made, name))
    assert (everything, "") in whats(made)


def test_views_that_were_only_taken_hold_no_read() -> None:
    made = request()
    assert made.cookies is made.cookies
    assert (made.method, made.path, made.params, repr(made)) == (
        "GET",
        "/blog/café/",
        {},
        "<Request GET /blog/café/>",
    )
    assert whats(made) == set()


@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy])
def test_a_copied_request_records_where_the_original_does(how: Callable[[Request], Request]) -> None:
    made = request()
    how(made).cookies.get("session")
    assert (What.COOKIE, "session") in whats(made)


def test_a_repeated_parameter_has_its_first_value_and_a_repeated_header_all_of_them() -> None:
    made = request(headers=[("x-twice", "1"), ("X-Twice", "2")])
    assert made.query["page"] == "2"
    assert made.query.getall("page") == ["2", "3"]
    assert made.headers["X-TWICE"] == "1, 2"
    assert dict(made.query) == {"page": "2", "utm": "x"}


def test_a_name_that_is_not_there_is_a_key_error_and_gives_the_default() -> None:
    made = request()
    assert made.cookies.get("nope") is None
    assert made.headers.get("nope", "d") == "d"
    with pytest.raises(KeyError):
        made.query["nope"]
    assert 3 not in made.query


def test_hidden_cookies_are_not_there_and_reading_them_is_no_read() -> None:
    made = request(hide_cookies=True)
    assert dict(made.cookies) == {}
    assert made.cookies.get("session") is None
    assert made.headers.get("Cookie", "") == ""
    assert not shows_cookies(made)
    assert whats(made) == set()
    assert "cookie" not in list(made.headers)


def test_url_shows_the_whole_query_and_reads_it_all() -> None:
    assert request().url == "https://example.org/blog/caf%C3%A9/?page=2&utm=x&page=3"


def test_a_limited_url_shows_the_listed_parameters_in_the_order_of_a_key_and_reads_nothing() -> None:
    made = request(query_string="z=1&utm=x&page=2")
    limit_url(made, ("page", "z"))
    assert made.url == "https://example.org/blog/caf%C3%A9/?page=2&z=1"
    assert whats(made) == set()


def test_a_read_after_the_judgment_is_an_error_that_says_what_to_do() -> None:
    made = request()
    seal(made)
    with pytest.raises(SealedError, match="read it before you answer"):
        made.cookies.get("session")
    with pytest.raises(SealedError):
        bool(made.query)


def test_a_read_knows_the_file_and_line_of_the_code_that_made_it() -> None:
    made = request()
    code = compile("\n\nlanguage = request.headers.get('accept-language')", "content/a.py", "exec")
    exec(code, {"request": made, "__name__": "page"})
    (read,) = reads_of(made)
    assert (read.file, read.line) == ("content/a.py", 3)


def test_more_reads_than_are_kept_count_as_reading_everything() -> None:
    made = request()
    for number in range(500):
        made.headers.get(f"x-{number}")
    assert (What.ALL_HEADERS, "") in whats(made)
    assert len(reads_of(made)) <= 201


def test_a_body_is_bytes_text_json_or_a_form() -> None:
    made = Request("POST", body=b'{"a": 1}')
    assert asyncio.run(made.body()) == b'{"a": 1}'
    assert asyncio.run(made.text()) == '{"a": 1}'
    assert asyncio.run(made.json()) == {"a": 1}
    with pytest.raises(ValueError, match="not a form"):
        asyncio.run(made.form())
    posted = Request("POST", body=b"a=1&a=2", headers=[("content-type", "application/x-www-form-urlencoded")])
    assert asyncio.run(posted.form()).getall("a") == ["1", "2"]


@pytest.mark.parametrize(
    ("header", "cookies"),
    [
        ("", []),
        (";;; ;", []),
        ("a", []),
        ("a=", [("a", "")]),
        ("a=b=c", [("a", "b=c")]),
        ('a="quoted"', [("a", "quoted")]),
        ("  a = b ;c=d", [("a", "b"), ("c", "d")]),
        ("=v; a=\x00", [("a", "\x00")]),
    ],
)
def test_cookies_are_read_leniently(header: str, cookies: list[tuple[str, str]]) -> None:
    assert parse_cookies(header) == cookies


def test_its_params_are_its_own_down_to_the_lists():
    params: dict[str, str | list[str]] = {"slug": "a", "path": ["b"]}
    made = Request(params=params)
    made.params["path"].append("visitor")
    made.params["slug"] = "visitor"
    assert params == {"slug": "a", "path": ["b"]}


@pytest.mark.parametrize(
    "part",
    [lambda r: r, lambda r: r.query, lambda r: r.headers, lambda r: r.cookies, lambda r: [{"a": r.query}]],
)
def test_nothing_of_a_request_can_be_pickled_past_the_record(part: Callable[[Request], object]) -> None:
    made = request()
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="pickled"):
            pickle.dumps(part(made), protocol)
    assert whats(made) == set()


def test_a_template_reaches_nothing_that_tells_of_a_visitor_without_a_record() -> None:
    """Every public name of a request gives the same for two visitors, or records that it was looked at."""
    for name in (name for name in dir(Request) if not name.startswith("_")):
        mine, others = request(bypass="cookie"), request(headers=(), query_string="", client="")
        one, other = getattr(mine, name), getattr(others, name)
        assert callable(one) or str(one) == str(other) or whats(mine), name


def test_a_copy_has_a_path_and_params_of_its_own() -> None:
    made = request(params={"path": ["a"]})
    copied = copy.copy(made)
    copied.path = "/other/"
    copied.params["path"].append("b")  # type: ignore[union-attr]
    assert (made.path, made.params) == ("/blog/café/", {"path": ["a"]})
    assert copied.query["utm"] == "x"
    assert whats(made) == {(What.QUERY, "utm")}


def test_cookie_lines_are_joined_as_one_line_would_be() -> None:
    made = request(headers=[("cookie", "a=1"), ("Cookie", "b=2"), ("x-twice", "1"), ("x-twice", "2")])
    assert made.headers["cookie"] == made.headers.get("Cookie") == "a=1; b=2"
    assert made.headers["x-twice"] == "1, 2"
    assert dict(made.cookies) == {"a": "1", "b": "2"}
