"""Addresses: two spellings are one key only where RFC 3986 says that they mean the same to everybody."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes, urljoin, urlsplit

import pytest
from fuzz_readings import read_target
from fuzzing import FUZZ, LATIN, cased, scribbled
from hypothesis import assume, example, given
from hypothesis import strategies as st

from isrgen.caching.keys import cache_key, canonical_path, parse_key
from isrgen.caching.policy import CachePolicy
from isrgen.caching.urls import also_changed, key_of, split_key, url_key
from isrgen.routing.urls import BadPathError, file_of, join, split_decoded, split_raw
from isrgen.server.draft import local

PIECE = st.sampled_from(
    ["/", "/", "a", "~", "%7e", "%7E", "%2f", "%2F", "%61", "%C3%a9", "..", ".", "%2e", "%", "%zz", "%00",
     "\\", "%5c", "?", "&", "=", "#", ";", ":", "@", "+", "%20", "//", "%ff", "é"]
)  # fmt: skip
PATHS = st.lists(PIECE, max_size=8).map(lambda parts: "/" + "".join(parts))
VISIBLE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=30).map("/{}".format)
TARGETS = PATHS.filter(str.isascii) | VISIBLE
HOSTS = st.sampled_from(["example.org", "a_b.example", "[::1]", "127.0.0.1:8080", "xn--caf-dma.example"])


@FUZZ
@given(HOSTS, TARGETS, st.data())
def test_a_key_is_the_same_for_what_means_the_same(host: str, target: str, data: st.DataObject) -> None:
    key = url_key("http", host, target)
    assert key == f"http://{host}{read_target(target)}"
    assert url_key("HTTP", data.draw(cased(st.just(host))), target) == key
    if ":" not in host.rpartition("]")[2]:
        assert url_key("http", f"{host}:80", target) == key
        assert url_key("https", f"{host}:80", target) != url_key("https", host, target)
    assert url_key("https", host, target) != key


@FUZZ
@given(TARGETS, TARGETS)
def test_targets_that_differ_otherwise_have_keys_of_their_own(one: str, other: str) -> None:
    same = url_key("http", "a", one) == url_key("http", "a", other)
    assert same == (read_target(one) == read_target(other))


@FUZZ
@given(HOSTS, TARGETS)
def test_a_refresh_asks_for_the_key_and_a_purge_finds_it(host: str, target: str) -> None:
    key = url_key("https", host, target)
    parts = split_key(key)
    assert parts is not None
    assert url_key(*parts) == key
    if not set(target) & {"#", "\\"} and not target.endswith("?") and urlsplit(key).path.startswith("/"):
        assert key_of(key) == key


@FUZZ
@given(
    TARGETS,
    st.lists(LATIN | PATHS | st.sampled_from(["//evil.example/", "https://example.org/", ".."]), max_size=4),
)
def test_what_an_answer_names_is_of_the_same_origin(target: str, named: list[str]) -> None:
    key = url_key("http", "example.org", target)
    for changed in also_changed(key, tuple(named)):
        assert changed.startswith("http://example.org/")
        assert url_key(*(split_key(changed) or ("", "", ""))) == changed


@FUZZ
@given(PATHS | VISIBLE | LATIN)
def test_a_path_is_good_or_bad_and_has_one_canonical_form(raw: str) -> None:
    try:
        segments = split_raw(raw)
    except BadPathError:
        return
    for segment in segments:
        assert segment not in ("", ".", "..")
        assert not re.search(r"[\x00-\x1f\x7f]", segment)
        assert not {".", ".."} & set(re.split(r"[/\\]", segment)) or segment.count(".") > 2
    for slash in (True, False):
        canonical = join(segments, slash)
        assert split_raw(canonical) == segments
        assert join(split_raw(canonical), slash) == canonical
        assert canonical.isascii()
        assert not file_of(segments, slash).startswith(("/", "../"))


@FUZZ
@given(PATHS | VISIBLE)
def test_a_decoded_path_is_no_better_than_the_raw_one(raw: str) -> None:
    """A server that decodes paths shows the same page, or none."""
    assume("?" not in raw)
    assume("%2f" not in raw.lower())
    decoded = unquote_to_bytes(raw).decode("utf-8", "replace")
    try:
        segments = split_decoded(decoded)
    except BadPathError:
        with pytest.raises(BadPathError):
            split_raw(raw)
    else:
        assert split_raw(raw.encode()) == segments


@FUZZ
@given(PATHS | st.text(max_size=20).map("/{}".format))
def test_a_purge_names_the_key_that_a_visit_has(path: str) -> None:
    assume(not re.search("[\ud800-\udfff]", path))
    canonical = canonical_path(path)
    assert canonical_path(canonical) == canonical
    plain = re.split("[?#]", path)[0]
    try:
        segments = split_raw(plain.encode())
    except BadPathError:
        return
    assert canonical == join(segments, plain.endswith("/"))


@FUZZ
@example("/\t/evil.example")
@example("/%09/evil.example")
@given(scribbled(PATHS, "/\\%#?:@.\t\n é"))
def test_a_redirect_never_leads_away(to: str) -> None:
    where = local(to)
    if where is not None:
        assert where.isascii()
        assert not re.search(r"[\x00-\x20\x7f\\]", where)
        assert urlsplit(urljoin("https://site.example/a/b", where)).netloc == "site.example"
        assert local(where) == where


@FUZZ
@given(
    st.lists(st.tuples(st.sampled_from(["page", "sort", "utm"]), st.text(max_size=8)), max_size=6),
    st.lists(st.tuples(st.just("other"), st.text(max_size=8)), max_size=3),
    st.randoms(use_true_random=False),
)
def test_only_listed_parameters_are_in_a_key_in_whatever_order(
    listed: list[tuple[str, str]], others: list[tuple[str, str]], random: object
) -> None:
    listed = [(name, value.encode("utf-8", "ignore").decode()) for name, value in listed]
    policy = CachePolicy(query=("page", "sort"))
    key = cache_key("/a/", listed, policy)
    once = list(dict(listed).items())
    shuffled = [*once, *others]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert cache_key("/a/", shuffled, policy) == cache_key("/a/", once, policy)
    path, pairs = parse_key(key)
    assert (path, sorted(pairs)) == ("/a/", sorted(pair for pair in listed if pair[0] != "utm"))
    assert cache_key(path, pairs, policy) == key
