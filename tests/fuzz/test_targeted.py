"""CDN-Cache-Control (RFC 9213) against another reader of structured fields, ``http_sfv``."""

from __future__ import annotations

from fuzz_readings import DIFFERENT, read_dictionary
from fuzzing import FUZZ, LATIN, scribbled
from hypothesis import example, given
from hypothesis import strategies as st

from isrgen.caching.directives import FLAGS, NUMBERS
from isrgen.caching.directives import parse as parse_plain
from isrgen.caching.targeted import directives_of, has_targeted, parse

LOWER = "abcdefghijklmnopqrstuvwxyz"
KEY = st.sampled_from([*sorted(FLAGS | NUMBERS), "a", "*", "x.y"]) | st.text(LOWER, min_size=1, max_size=6)
INTEGER = st.integers(-(10**15) + 1, 10**15 - 1).map(str) | st.integers(0, 99).map(str)
DECIMAL = st.builds("{}.{}".format, st.integers(-(10**12) + 1, 10**12 - 1), st.integers(0, 999))
STRING = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=8).map(
    lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
)
SFV_TOKEN = st.text(LOWER + "*A", min_size=1, max_size=1).flatmap(
    lambda first: st.text(LOWER + "0:/!#$%&'*+-.^_`|~", max_size=5).map(first.__add__)
)
BYTES = st.sampled_from([":aGk=:", ":aGk:", "::", ":YQ==:"])
BOOLEAN = st.sampled_from(["?0", "?1"])
DATE = st.integers(-(10**10), 10**10).map("@{}".format)
DISPLAY = st.text(max_size=4).map(
    lambda text: '%"' + "".join(f"%{byte:02x}" for byte in text.encode("utf-8", "replace")) + '"'
)
BARE = st.one_of(INTEGER, DECIMAL, STRING, SFV_TOKEN, BYTES, BOOLEAN, DATE, DISPLAY)
PARAMETERS = st.lists(KEY | st.builds("{}={}".format, KEY, BARE), max_size=2).map(
    lambda each: "".join(f";{one}" for one in each)
)
ITEM = st.builds("{}{}".format, BARE, PARAMETERS)
INNER = st.lists(ITEM, max_size=3).map(lambda each: f"({' '.join(each)})")
MEMBER = st.one_of(
    st.builds("{}{}".format, KEY, PARAMETERS),
    st.builds("{}={}".format, KEY, ITEM),
    st.builds("{}={}{}".format, KEY, INNER, PARAMETERS),
)
COMMA = st.sampled_from([",", ", ", " ,", "\t,\t", " , "])
DICTIONARY = st.lists(MEMBER, min_size=1, max_size=5).flatmap(
    lambda each: COMMA.map(lambda comma: comma.join(each))
)
NEARLY = scribbled(DICTIONARY, ' ,=;"():?@%*aA01.-\\\t\x00é')
ANY = st.one_of(DICTIONARY, NEARLY, NEARLY, LATIN)


@FUZZ
@example('a=%"%c3%a9"')
@example('a=%"%c3"')
@given(ANY)
def test_a_field_is_valid_for_both_readers_or_for_none(text: str) -> None:
    if not DIFFERENT.search(text):
        assert (parse(text) is None) == (not read_dictionary(text)), text


@FUZZ
@given(DICTIONARY)
def test_what_the_grammar_allows_is_heeded(text: str) -> None:
    assert parse(text) is not None


@FUZZ
@given(DICTIONARY)
def test_both_readers_understand_the_same(text: str) -> None:
    """RFC 9213 section 2.1: the members that RFC 9111 knows, in its words."""
    members, said = read_dictionary(text), parse(text)
    if members is None or said is None:
        return
    for name in NUMBERS & members.keys():
        value = members[name]
        if type(value) is int and value >= 0:
            assert getattr(said, name.replace("-", "_")) == min(value, 2**31 - 1)
        else:
            assert said.doubtful
    for name in FLAGS:
        told = name in members and members[name] is not False
        assert getattr(said, name.replace("-", "_")) == told


@FUZZ
@given(ANY, st.sampled_from(["max-age=60", "no-store", "private, max-age=5", ""]))
def test_an_invalid_field_is_ignored_whole(text: str, plain: str) -> None:
    lines = [("cache-control", plain), ("cdn-cache-control", text)]
    said = directives_of(lines)
    if parse(text) is None:
        assert not has_targeted(lines)
        assert said == parse_plain(plain)
    else:
        assert has_targeted(lines)
        assert said == parse(text)


@FUZZ
@given(DICTIONARY, DICTIONARY)
def test_lines_are_one_field(first: str, second: str) -> None:
    lines = [("CDN-Cache-Control", first), ("X", "a"), ("cdn-cache-control", second)]
    assert directives_of(lines) == parse(f"{first}, {second}")


@FUZZ
@given(DICTIONARY, st.sampled_from(["no-store", "private", "no-cache"]), DICTIONARY)
def test_a_prohibition_holds_until_it_is_taken_back(before: str, word: str, after: str) -> None:
    """The last member of a name counts (RFC 9651 section 3.2)."""
    said = parse(f"{before}, {word}, {after}")
    assert said is not None
    taken_back = (read_dictionary(after) or {}).get(word) is False
    assert getattr(said, word.replace("-", "_")) or taken_back
