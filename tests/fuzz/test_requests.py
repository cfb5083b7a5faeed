"""What a visitor says of a request, and what of it reaches the cache and the origin."""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from fuzzing import FUZZ, LATIN, OWS, TOKEN, cased
from hypothesis import assume, example, given
from hypothesis import strategies as st

from isrgen.http.hops import HOP, without_hops
from isrgen.server.hosts import host_fault
from isrgen.server.intake import OTHER_ADDRESS, Intake, RefusedError, take_in
from isrgen.server.message import Incoming
from isrgen.server.proxies import Proxies

VIA = "isrgen-1"
NOBODY = Proxies(())
TRUSTED = ("10.0.0.0/8", "2001:db8::/32")
FORWARDING = st.sampled_from(
    ["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port", "X_Forwarded_Host",
     "forwarded", "x-real-ip", "x-isrgen-key", *sorted(OTHER_ADDRESS)]
)  # fmt: skip
CLAIMS = st.sampled_from(
    ["https", "evil.example", "10.1.2.3", "for=10.1.1.1;host=evil.example", "/admin", "443"]
)
NAMES = TOKEN | FORWARDING | st.sampled_from(["connection", "via", "max-forwards", "cookie", "te", "x"])
DIGITS = st.sampled_from(
    ["0", "1", "5", "007", "0000000000000000005", "9" * 30, "9" * 5000, "-1", "+1", "", "٣", "1 "]
)
HEADERS = st.lists(
    st.one_of(
        st.tuples(FORWARDING, CLAIMS | LATIN),
        st.tuples(st.just("connection"), st.lists(NAMES | OWS, max_size=4).map(",".join)),
        st.tuples(st.sampled_from(["content-length", "max-forwards"]), DIGITS),
        st.tuples(
            st.just("transfer-encoding"),
            st.sampled_from(["chunked", "Chunked", "gzip", " chunked", "x, chunked"]),
        ),
        st.tuples(st.just("host"), st.sampled_from(["a.example", "a_b.example:80", "[::1]", "", "a b"])),
        st.tuples(NAMES, LATIN),
    ),
    max_size=6,
)
METHODS = st.sampled_from(["GET", "HEAD", "POST", "OPTIONS", "TRACE", "BREW", "CONNECT"])
VERSIONS = st.sampled_from(["1.0", "1.1", "2"])


def scope(
    headers: list[tuple[str, str]],
    method: str = "GET",
    version: str = "1.1",
    client: str = "203.0.113.9",
    target: str = "/a?b",
) -> dict[str, Any]:
    path, _, query = target.partition("?")
    return {
        "method": method,
        "http_version": version,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers],
        "client": (client, 1),
        "server": ("127.0.0.1", 8000),
    }


def taken(scope: dict[str, Any], proxies: Proxies = NOBODY) -> Intake | None:
    try:
        return take_in(scope, proxies, VIA)
    except RefusedError:
        return None


@FUZZ
@example([("content-length", "9" * 5000)], "POST", "1.1")
@example([("max-forwards", "0000000000000000005")], "OPTIONS", "1.1")
@given(HEADERS, METHODS, VERSIONS)
def test_what_is_sent_on_claims_nothing(headers: list[tuple[str, str]], method: str, version: str) -> None:
    found = taken(scope([("host", "Shop.Example"), *headers], method, version))
    if found is None:
        return
    assert (found.scheme, found.host, found.client) == ("http", "shop.example", "203.0.113.9")
    names = {name.replace("_", "-") for name, _ in found.headers}
    assert not names & (HOP | OTHER_ADDRESS | {"host", "forwarded", "x-real-ip"})
    assert not any(name.startswith(("x-forwarded-", "x-isrgen-")) for name in names)
    assert without_hops(found.headers) == found.headers
    hops = [int(value) for name, value in headers if name == "max-forwards" and re.fullmatch("[0-9]+", value)]
    if len(hops) == 1 and method in ("OPTIONS", "TRACE") and headers.count(("max-forwards", "")) == 0:
        told = [value for name, value in found.headers if name == "max-forwards"]
        if len([name for name, _ in headers if name == "max-forwards"]) == 1 and "max-forwards" in names:
            assert told == [str(min(hops[0], 255) - 1)]
        assert found.final == (hops[0] == 0) or len(hops) != len(
            [n for n, _ in headers if n == "max-forwards"]
        )


@FUZZ
@given(st.lists(st.tuples(FORWARDING, CLAIMS), max_size=5), METHODS)
def test_what_an_untrusted_peer_claims_changes_nothing(claims: list[tuple[str, str]], method: str) -> None:
    plain = taken(scope([("host", "a.example"), ("accept", "b")], method))
    assert taken(scope([("host", "a.example"), *claims, ("accept", "b")], method), Proxies(TRUSTED)) == plain


@FUZZ
@given(
    st.lists(
        st.sampled_from(["close", "X-A", "x-b", "Accept", "authorization", "", " keep-alive "]), max_size=4
    )
)
def test_what_connection_names_goes_no_further(options: list[str]) -> None:
    headers = [("connection", ",".join(options)), ("x-a", "1"), ("x-b", "2"), ("accept", "c"), ("host", "a")]
    named = {option.strip().lower() for option in options}
    assert without_hops(headers) == [pair for pair in headers[1:] if pair[0] not in named]


HOP_TEXT = st.builds(
    "{} {}".format, st.sampled_from(["1.1", "HTTP/2", "1.0"]), TOKEN | st.just("cdn.example:80")
)


@FUZZ
@given(st.lists(HOP_TEXT, max_size=3), st.lists(HOP_TEXT, max_size=3), OWS, st.booleans())
def test_a_request_that_comes_round_is_known(
    before: list[str], after: list[str], blank: str, split: bool
) -> None:
    assume(not any(hop.split()[1] == VIA for hop in [*before, *after]))
    own = f"1.1 {VIA} (isrgen)"
    lines = [*before, own, *after] if split else [f"{blank},".join([*before, own, *after])]
    via = [("via", line) for line in lines]
    with pytest.raises(RefusedError) as refused:
        take_in(scope([("host", "a"), *via]), NOBODY, VIA)
    assert refused.value.status == 508
    others = [("via", hop) for hop in [*before, *after]]
    assert taken(scope([("host", "a"), *others])) is not None


ADDRESSES = st.one_of(
    st.ip_addresses(network="10.0.0.0/8"),
    st.ip_addresses(network="2001:db8::/32"),
    st.ip_addresses(),
).map(str)
CHAIN = st.lists(
    ADDRESSES | st.sampled_from(["unknown", "", "_hidden", "1.2.3", 'fe80::1%";x=']) | LATIN, max_size=5
)


@FUZZ
@example(['fe80::1%"; host=evil'], "10.0.0.1")
@given(CHAIN, ADDRESSES)
def test_the_visitor_is_the_last_whom_no_trusted_proxy_is(chain: list[str], peer: str) -> None:
    networks = [ip_network(text) for text in TRUSTED]

    def trusts(text: str) -> bool:
        return any(ip_address(text) in network for network in networks)

    client = Proxies(TRUSTED).address(peer, ", ".join(chain))
    expected = peer
    for hop in reversed([part.strip() for part in ", ".join(chain).split(",") if part.strip()]):
        if not trusts(expected):
            break
        try:
            told = ip_address(hop.strip("[]"))
        except ValueError:
            break
        expected = str(getattr(told, "ipv4_mapped", None) or told).partition("%")[0]
    assert client == expected
    assert re.fullmatch("[0-9a-f.:]+", client)


@FUZZ
@given(
    st.sampled_from(["a.example", "a_b.example", "[::1]:8000", "a:80"]), st.sampled_from(["http", "https"])
)
def test_a_trusted_proxy_is_believed_of_every_host_that_may_be_asked(host: str, scheme: str) -> None:
    headers = [("host", host), ("x-forwarded-proto", scheme)]
    found = taken(scope(headers, client="10.0.0.1"), Proxies(TRUSTED))
    assert found is not None
    assert (found.scheme, found.client) == (scheme, "10.0.0.1")


@FUZZ
@given(
    st.lists(
        LATIN | st.sampled_from(["a.example", "A.example:80", "[::1]", "a,b", "a/b", "a@b", "a:99999999"])
    )
)
def test_a_host_is_one_name_or_refused(hosts: list[str]) -> None:
    if not host_fault("1.1", hosts):
        (host,) = hosts
        assert re.fullmatch(r"[A-Za-z0-9_.\-\[\]:]+", host.strip())


@FUZZ
@given(HEADERS, st.data())
def test_names_are_read_in_any_case(headers: list[tuple[str, str]], data: st.DataObject) -> None:
    headers = [("host", "a.example"), *headers]
    spelt = [(data.draw(cased(st.just(name))), value) for name, value in headers]
    assert taken(scope(spelt)) == taken(scope(headers))


@FUZZ
@given(st.lists(st.tuples(NAMES, LATIN), max_size=5))
def test_a_message_gives_every_line_of_a_field(headers: list[tuple[str, str]]) -> None:
    incoming = Incoming("GET", "/", None, "", headers, "", _no_body)
    for name in {name for name, _ in headers}:
        lines = [value for key, value in headers if key == name]
        assert incoming.get(name) == ("; " if name == "cookie" else ", ").join(lines)


async def _no_body(most: int) -> bytes:
    return b""
