"""Entity tags, conditions and ranges, against a plain reading of RFC 9110 sections 8.8, 13 and 14."""

from __future__ import annotations

import re

from fuzz_readings import read_range
from fuzzing import FUZZ, LATIN, OWS, scribbled
from hypothesis import example, given
from hypothesis import strategies as st

from isrgen.caching.dates import http_date
from isrgen.caching.validation import Representation, cut, etag_of, evaluate, matches_none, spans_of

ETAGC = st.text(st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_characters='"\x7f'), max_size=6)
OPAQUE = ETAGC.filter(lambda text: not re.search("[\x80-\x9f]", text)).map('"{}"'.format) | st.sampled_from(
    ['"a"', '"b"', '""']
)
ETAG = st.builds("{}{}".format, st.sampled_from(["", "W/"]), OPAQUE)
MODIFIED = 1_700_000_000


@st.composite
def listed(draw: st.DrawFn, items: st.SearchStrategy[str]) -> str:
    return ",".join(draw(OWS) + item + draw(OWS) for item in draw(st.lists(items, max_size=5)))


@FUZZ
@given(st.lists(ETAG, max_size=5), ETAG, st.data())
def test_a_list_matches_when_one_of_it_does(tags: list[str], mine: str, data: st.DataObject) -> None:
    """Weak comparison (section 8.8.3.2)."""
    field = ",".join(data.draw(OWS) + tag + data.draw(OWS) for tag in tags)
    wanted = mine.removeprefix("W/")
    assert matches_none(field, mine) == any(tag.removeprefix("W/") == wanted for tag in tags)
    assert matches_none(field, wanted) == matches_none(field, f"W/{wanted}")


@FUZZ
@given(scribbled(listed(ETAG), '"W/,a* \\'), OPAQUE)
def test_no_condition_matches_a_tag_that_is_not_written_there(field: str, mine: str) -> None:
    if matches_none(field, mine):
        assert mine in field or field.strip() == "*"


@FUZZ
@given(st.binary(max_size=40), st.binary(max_size=40))
def test_the_tag_of_a_body_is_a_tag_and_its_own(one: bytes, other: bytes) -> None:
    assert re.fullmatch(r'"[\x21\x23-\x7e]+"', etag_of(one))
    assert (etag_of(one) == etag_of(other)) == (one == other)
    assert matches_none(f'"x", {etag_of(one)}', etag_of(other)) == (one == other)


POSITION = st.integers(0, 120).map(str) | st.sampled_from(["", "007", "9" * 18, "9" * 30])
RANGES = st.lists(st.builds("{}-{}".format, POSITION, POSITION), min_size=1, max_size=4).map(
    lambda specs: "bytes=" + ", ".join(specs)
)


@FUZZ
@given(RANGES | scribbled(RANGES, "bytes=-, 0189\t"), st.integers(0, 100))
def test_ranges_are_what_the_rfc_says_or_are_left_unheeded(field: str, size: int) -> None:
    found, expected = spans_of(field, size), read_range(field, size)
    if found is None:
        # Section 14.2 lets a server ignore Range; it does for numbers and sums that are past all reason.
        reasonable = expected is None or len(expected) > 1 or bool(re.search("[0-9]{19}", field))
        assert reasonable
    else:
        assert list(found) == expected


@FUZZ
@given(RANGES, st.binary(min_size=1, max_size=100))
def test_the_parts_are_bytes_of_the_body(field: str, body: bytes) -> None:
    what = Representation(len(body), etag_of(body))
    verdict = evaluate("GET", {"range": field}.get, what)
    sent = cut(verdict, body, what)
    assert verdict.status in (200, 206, 416)
    if verdict.status == 200:
        assert sent == body
    elif verdict.status == 206 and not verdict.boundary:
        (told,) = (value for name, value in verdict.headers if name == "Content-Range")
        first, last, size = map(int, re.findall("[0-9]+", told))
        assert (sent, size) == (body[first : last + 1], len(body))
    elif verdict.status == 206:
        parts = re.split(rb"(?:\r\n)?--" + verdict.boundary.encode() + rb"(?:\r\n|--\r\n)", sent)[1:-1]
        for part, (start, end) in zip(parts, verdict.spans, strict=True):
            head, _, data = part.partition(b"\r\n\r\n")
            assert f"Content-Range: bytes {start}-{end - 1}/{len(body)}".encode() in head
            assert data == body[start:end]


CONDITIONS = st.fixed_dictionaries(
    {},
    optional={
        "if-none-match": st.sampled_from(['"a"', 'W/"a"', '"b"', "*", '"b", "a"', "", "garbage"]),
        "if-modified-since": st.sampled_from(
            [http_date(MODIFIED - 1), http_date(MODIFIED), http_date(MODIFIED + 1), "yesterday", ""]
        ),
        "range": st.sampled_from(["bytes=0-1", "bytes=-2", "bytes=500-", "lines=0-1", "bytes=0-1,3-4"]),
        "if-range": st.sampled_from(
            ['"a"', 'W/"a"', '"b"', http_date(MODIFIED), http_date(MODIFIED + 1), "", '"a", "b"', "*"]
        ),
    },
)
WHAT = st.builds(
    Representation,
    st.integers(0, 20),
    st.sampled_from(['"a"', 'W/"a"']),
    st.sampled_from([None, float(MODIFIED), MODIFIED + 0.9]),
)


@FUZZ
@example({"range": "bytes=0-1", "if-range": 'W/"a"'}, "GET", Representation(9, 'W/"a"'))
@given(CONDITIONS, st.sampled_from(["GET", "HEAD"]), WHAT)
def test_conditions_are_judged_in_their_order(
    asked: dict[str, str], method: str, what: Representation
) -> None:
    """Section 13.2.2, step by step."""
    status = evaluate(method, asked.get, what).status
    if "if-none-match" in asked:
        if matches_none(asked["if-none-match"], what.etag):
            assert status == 304
            return
    elif what.last_modified is not None and asked.get("if-modified-since") in (
        http_date(MODIFIED),
        http_date(MODIFIED + 1),
    ):
        assert status == 304
        return
    assert status != 304
    if_range = asked.get("if-range")
    same = if_range is None or (if_range == what.etag and not what.etag.startswith("W/"))
    same = same or (what.last_modified is not None and if_range == http_date(MODIFIED))
    if "range" not in asked or method != "GET" or not same:
        assert status == 200


@FUZZ
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(("if-none-match", "if-range", "range"), LATIN)), WHAT)
def test_any_conditions_have_an_answer(asked: dict[str, str], what: Representation) -> None:
    assert evaluate("GET", asked.get, what).status in (200, 206, 304, 416)
