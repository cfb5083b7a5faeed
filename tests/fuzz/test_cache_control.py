"""Cache-Control (RFC 9111 section 5.2), written in every way its grammar allows, and in some it forbids."""

from __future__ import annotations

from dataclasses import replace

from fuzz_readings import FIELDS, read_cache_control
from fuzzing import BAD_DELTAS, DELTAS, FUZZ, LATIN, OWS, QUOTED, TOKEN, cased, quoted, scribbled
from hypothesis import assume, given
from hypothesis import strategies as st

from isrgen.caching.directives import FLAGS, NUMBERS, ResponseDirectives, delta_seconds, lifetime_of, parse

KNOWN = FLAGS | NUMBERS

flag = st.sampled_from(sorted(FLAGS))
number = st.sampled_from(sorted(NUMBERS))
unknown = TOKEN.filter(lambda name: name.lower() not in KNOWN)
argument = TOKEN | QUOTED.map(quoted)
element = st.one_of(
    cased(flag),
    st.builds("{}={}".format, cased(number), DELTAS),
    st.builds("{}={}".format, cased(number), DELTAS.map(quoted)),
    st.builds("{}={}".format, cased(st.sampled_from(FIELDS)), TOKEN.map(quoted)),
    unknown,
    st.builds("{}={}".format, unknown, argument),
    st.just(""),
)


@st.composite
def field(draw: st.DrawFn, elements: st.SearchStrategy[str] = element) -> str:
    """A list of directives, blanks and empty elements included (RFC 9110 section 5.6.1.2)."""
    parts = draw(st.lists(elements, max_size=7))
    return ",".join(draw(OWS) + part + draw(OWS) for part in parts)


ANY = st.one_of(field(), scribbled(field(), ' ,="\\;\t\x00é0aA-'), LATIN, st.text(max_size=60))


@FUZZ
@given(ANY)
def test_the_parser_reads_what_a_person_reads(text: str) -> None:
    found, expected = parse(text), read_cache_control(text)
    if expected is None:
        assert found.doubtful
    else:
        assert found == expected


@FUZZ
@given(
    st.lists(st.sampled_from(sorted(FLAGS)), unique=True),
    st.dictionaries(st.sampled_from(sorted(NUMBERS)), st.integers(0, 2**31 - 1)),
    st.randoms(use_true_random=False),
)
def test_what_is_written_is_read_again_in_any_order(
    flags: list[str], numbers: dict[str, int], random: object
) -> None:
    words = [*flags, *(f"{name}={value}" for name, value in numbers.items())]
    random.shuffle(words)  # type: ignore[attr-defined]
    facts = {name.replace("-", "_"): True for name in flags} | {
        name.replace("-", "_"): value for name, value in numbers.items()
    }
    assert parse(", ".join(words)) == ResponseDirectives(**facts)  # type: ignore[arg-type]


@FUZZ
@given(st.lists(element, max_size=6), st.data())
def test_order_case_and_blanks_mean_nothing(parts: list[str], data: st.DataObject) -> None:
    plain = parse(",".join(parts))
    shuffled = data.draw(st.permutations(parts))
    spaced = ",".join(data.draw(OWS) + part + data.draw(OWS) for part in shuffled)
    other = parse(data.draw(cased(st.just(spaced))))
    # Of two values for one directive, either is as good: neither is heeded.
    assert other == plain or (other.doubtful and plain.doubtful)


@FUZZ
@given(st.lists(element, max_size=4), st.lists(element, max_size=4))
def test_lines_are_one_list(first: list[str], second: list[str]) -> None:
    """RFC 9110 section 5.3: the same whether the directives stand on one line or on two."""
    lines = ", ".join([",".join(first), ",".join(second)])
    assert parse(lines) == parse(",".join([*first, *second]))


@FUZZ
@given(field(), st.one_of(unknown, st.builds("{}={}".format, unknown, argument)), st.booleans())
def test_an_unknown_directive_changes_nothing(text: str, extra: str, first: bool) -> None:
    """RFC 9111 section 5.2.3."""
    assert parse(f"{extra},{text}" if first else f"{text},{extra}") == parse(text)


@FUZZ
@given(ANY, ANY)
def test_what_is_added_never_makes_it_more_storable(text: str, more: str) -> None:
    """Whatever follows a field that may not be kept, it may not be kept; nor longer than it said."""
    assume('"' not in text)  # a quotation mark that nobody closed swallows what follows
    before, after = lifetime_of(parse(text)), lifetime_of(parse(f"{text}, {more}"))
    said = parse(text)
    if said.doubtful or said.private or said.no_store or said.no_cache:
        assert after is None
    elif before is not None and after is not None:
        own = said.s_maxage if said.s_maxage is not None else parse(more).s_maxage
        assert after.fresh == (said.max_age if own is None else own)


@FUZZ
@given(st.lists(element, max_size=6), st.sampled_from(["no-store", "private", "no-cache"]), st.data())
def test_a_prohibition_holds_in_any_company(parts: list[str], word: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(parts)))
    spelt = data.draw(cased(st.just(word)))
    assert lifetime_of(parse(",".join([*parts[:at], spelt, *parts[at:]]))) is None


@FUZZ
@given(st.sampled_from(sorted(NUMBERS)), BAD_DELTAS, field())
def test_a_number_that_is_none_is_never_taken_for_one(name: str, value: str, others: str) -> None:
    said = parse(f"{others},{name}={value}")
    assert said.doubtful
    assert lifetime_of(said) is None
    assert parse(f"{name}={quoted(value)}").doubtful


@FUZZ
@given(st.integers(0, 10**60), st.integers(0, 30))
def test_delta_seconds_are_the_number_or_the_largest(number: int, zeros: int) -> None:
    """RFC 9111 section 1.2.2."""
    assert delta_seconds("0" * zeros + str(number)) == min(number, 2**31 - 1)


@FUZZ
@given(field())
def test_revalidation_that_must_be_leaves_no_window(text: str) -> None:
    said = parse(text)
    bound = lifetime_of(replace(said, must_revalidate=True))
    assert bound is None or (bound.stale_while_revalidate, bound.stale_if_error) == (0, 0)
