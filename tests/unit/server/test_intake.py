"""What of a request is sent on, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isrgen.server.intake import OTHER_ADDRESS, OTHER_METHOD, Intake, RefusedError, take_in
from isrgen.server.proxies import Proxies

Headers = list[tuple[bytes, bytes]]


def scope(method: str = "GET", path: bytes = b"/", headers: Headers | None = None, **more: Any) -> Any:
    return {
        "type": "http",
        "method": method,
        "scheme": "http",
        "http_version": "1.1",
        "path": path.decode("latin-1"),
        "raw_path": path,
        "query_string": b"",
        "headers": [(b"host", b"shop.example")] if headers is None else headers,
        "client": ("203.0.113.9", 5000),
        "server": ("127.0.0.1", 8000),
        **more,
    }


def take(asked: Any, *trusted: str) -> Intake:
    return take_in(asked, Proxies(trusted), "me")


def refused(asked: Any) -> int:
    with pytest.raises(RefusedError) as caught:
        take(asked)
    return caught.value.status


HOST = (b"host", b"shop.example")


def test_the_target_is_the_raw_path_and_query() -> None:
    assert (
        take(scope(path=b"/a%2Fb//../%7e", query_string=b"x=%C3%A9|&x")).target
        == "/a%2Fb//../%7e?x=%C3%A9|&x"
    )


def test_a_server_that_decoded_the_path_gets_it_quoted_again() -> None:
    asked = scope()
    asked.update(raw_path=None, path="/café/a b")
    assert take(asked).target == "/caf%C3%A9/a%20b"


def test_a_host_is_lower_case_and_without_the_port_that_goes_without_saying() -> None:
    assert take(scope(headers=[(b"host", b"Shop.Example:80")])).host == "shop.example"
    assert take(scope(headers=[(b"host", b"[::1]:8080")])).host == "[::1]:8080"
    assert take(scope(headers=[(b"host", b"a:443")], scheme="https")).host == "a"


@pytest.mark.parametrize(
    ("status", "asked"),
    [
        (501, scope("CONNECT", b"")),
        (400, scope(headers=[])),
        (400, scope(headers=[(b"host", b"")])),
        (400, scope(headers=[HOST, (b"Host", b"other.example")])),
        (400, scope(headers=[(b"host", b"a b")])),
        (400, scope(headers=[(b"host", b"user@shop.example")])),
        (400, scope(headers=[(b"host", b"shop.example/x")])),
        (400, scope("POST", headers=[HOST, (b"transfer-encoding", b"chunked"), (b"content-length", b"3")])),
        (400, scope("POST", headers=[HOST, (b"content-length", b"3"), (b"content-length", b"4")])),
        (400, scope("POST", headers=[HOST, (b"content-length", b"+3")])),
        (400, scope("POST", headers=[HOST, (b"content-length", "٣".encode())])),
        (400, scope("POST", headers=[HOST, (b"transfer-encoding", b"chunked")], http_version="1.0")),
        (501, scope("POST", headers=[HOST, (b"transfer-encoding", b"gzip, chunked")])),
        (
            501,
            scope("POST", headers=[HOST, (b"transfer-encoding", b"chunked"), (b"transfer-encoding", b"x")]),
        ),
        (400, scope(path=b"/\xe9")),
        (400, scope(path=b"/a b")),
        (400, scope(path=b"/a\r\nX: y")),
        (400, scope(path=b"*")),
        (400, scope(path=b"")),
        (414, scope(path=b"/" + b"x" * 9000)),
        (414, scope(query_string=b"x" * 20_000)),
        (431, scope(headers=[HOST, *[(b"x", b"y")] * 200])),
        (431, scope(headers=[HOST, (b"x", b"y" * 70_000)])),
        (508, scope(headers=[HOST, (b"via", b"1.1 cdn"), (b"via", b"1.0 x, 1.1 me (isrgen)")])),
    ],
)
def test_what_is_refused(status: int, asked: Any) -> None:
    assert refused(asked) == status


def test_a_body_is_known_by_its_length_or_its_chunks_and_over_http_2_by_the_method() -> None:
    chunked: Headers = [HOST, (b"transfer-encoding", b"Chunked")]
    assert take(scope("POST", headers=chunked)).has_body
    assert not take(scope("POST", headers=[HOST, (b"content-length", b"0")])).has_body
    assert not take(scope("POST")).has_body
    assert take(scope("POST", http_version="2")).has_body
    assert not take(scope("GET", http_version="2")).has_body


def test_only_http_1_0_may_name_no_host() -> None:
    assert take(scope(headers=[], http_version="1.0")).host == "127.0.0.1:8000"
    assert take(scope(headers=[], http_version="1.0", server=("::1", 80))).host == "[::1]"


def test_options_may_ask_for_the_server_as_a_whole() -> None:
    assert take(scope("OPTIONS", b"*")).target == "*"


def test_fields_of_the_connection_and_those_it_names_are_taken_out() -> None:
    """RFC 9110 section 7.6.1."""
    sent: Headers = [
        HOST,
        (b"Connection", b"close, X-Mine"),
        (b"x-mine", b"1"),
        (b"TE", b"trailers"),
        (b"x-yours", b"2"),
    ]
    assert take(scope(headers=sent)).headers == [("x-yours", "2")]


def test_connection_cannot_take_out_what_everybody_needs() -> None:
    sent: Headers = [HOST, (b"connection", b"host, content-length"), (b"content-length", b"3")]
    taken = take(scope("POST", headers=sent))
    assert (taken.host, taken.headers, taken.has_body) == ("shop.example", [("content-length", "3")], True)


@pytest.mark.parametrize(
    "name",
    [*OTHER_ADDRESS, "X-Forwarded-Host", "x-forwarded-scheme", "Forwarded", "x-real-ip", "X-Isrgen-Bypass"],
)
def test_a_claim_of_another_address_is_taken_out(name: str) -> None:
    taken = take(scope(headers=[HOST, (name.encode(), b"evil.example")]))
    assert taken.headers == []
    assert (taken.scheme, taken.host, taken.client) == ("http", "shop.example", "203.0.113.9")


@pytest.mark.parametrize("name", ["X_Forwarded_Host", "x-forwarded_proto", "X_Original_URL", "x_isrgen_a"])
def test_so_is_one_in_the_spelling_that_wsgi_takes_for_the_same(name: str) -> None:
    sent: Headers = [HOST, (name.encode(), b"evil.example"), (b"api_key", b"1")]
    assert take(scope("POST", headers=sent)).headers == [("api_key", "1")]


@pytest.mark.parametrize("name", [*OTHER_METHOD, "x_http_method_override"])
def test_a_claim_of_another_method_is_taken_out_of_what_is_cached(name: str) -> None:
    sent: Headers = [HOST, (name.encode(), b"DELETE")]
    assert take(scope(headers=sent)).headers == []
    assert take(scope("HEAD", headers=sent)).headers == []
    assert take(scope("POST", headers=sent)).headers == [(name, "DELETE")]


def test_a_trusted_proxy_says_scheme_host_and_client() -> None:
    sent: Headers = [
        HOST,
        (b"x-forwarded-proto", b"https"),
        (b"x-forwarded-host", b"www.Example:443"),
        (b"x-forwarded-for", b"6.6.6.6, 198.51.100.7"),
    ]
    taken = take(scope(headers=sent), "203.0.113.0/24")
    assert (taken.scheme, taken.host, taken.client) == ("https", "www.example", "198.51.100.7")
    assert taken.headers == []


@pytest.mark.parametrize(
    ("said", "scheme", "host"),
    [
        ((b"x-forwarded-proto", b"https"), "https", "shop.example"),
        ((b"x-forwarded-host", b"www.example"), "http", "www.example"),
        ((b"x-forwarded-host", b"bad host"), "http", "shop.example"),
        ((b"x-forwarded-host", b"evil.example, www.example"), "http", "www.example"),
        ((b"x-forwarded-proto", b"http,https"), "https", "shop.example"),
        ((b"x-forwarded-proto", b"gopher"), "http", "shop.example"),
    ],
)
def test_what_a_trusted_proxy_leaves_out_stays_as_it_is(
    said: tuple[bytes, bytes], scheme: str, host: str
) -> None:
    taken = take(scope(headers=[HOST, said]), "203.0.113.9")
    assert (taken.scheme, taken.host) == (scheme, host)


def test_max_forwards_counts_down_for_trace_and_options() -> None:
    """RFC 9110 section 7.6.2."""
    sent: Headers = [HOST, (b"max-forwards", b"3")]
    assert take(scope("TRACE", headers=sent)).headers == [("max-forwards", "2")]
    assert take(scope(headers=sent)).headers == [("max-forwards", "3")]
    assert take(scope("OPTIONS", headers=[HOST, (b"max-forwards", b"0")])).final
    assert not take(scope("OPTIONS", headers=[HOST, (b"max-forwards", b"soon")])).final


TEXT = st.binary(max_size=30)


@given(
    method=st.sampled_from(["GET", "POST", "OPTIONS", "TRACE", "CONNECT", "X"]),
    path=TEXT,
    query=TEXT,
    headers=st.lists(
        st.tuples(
            st.sampled_from(
                [b"host", b"content-length", b"transfer-encoding", b"via", b"connection", b"max-forwards"]
            ),
            TEXT | st.sampled_from([b"chunked", b"3", b"shop.example", b"close"]),
        ),
        max_size=6,
    ),
)
def test_whatever_comes_is_taken_or_refused(method: str, path: bytes, query: bytes, headers: Headers) -> None:
    try:
        taken = take(scope(method, path, headers, query_string=query))
    except RefusedError:
        return
    assert taken.target.isascii()
    assert " " not in taken.target + taken.host
    assert not {"connection", "transfer-encoding", "host"} & {name for name, _ in taken.headers}
